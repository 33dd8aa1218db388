// The main flow of a program that works with a server of cleat, with the types that
// openapi-typescript made of /openapi.json: node openapi_client.js URL COOKIE FOLDER
// prints {token, components, bundles, lines, later, event, missing}.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import createClient from 'openapi-fetch'
import type { components, paths } from './api.js'

const [baseUrl, cookie, folder] = process.argv.slice(2)
type Problem = components['schemas']['Problem']

// must returns the data of an answer that succeeded.
function must<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.detail}`)
  if (answer.data === undefined) throw new Error('an answer without data')
  return answer.data
}

// whole returns an answer that is no stream.
function whole<T>(answer: T): Exclude<T, string> {
  if (typeof answer === 'string') throw new Error('a stream where there is none')
  return answer as Exclude<T, string>
}

const person = createClient<paths>({ baseUrl, headers: { cookie } })
const made = must(await person.POST('/v1/tokens', { body: { name: 'client', scopes: ['apps:write', 'run', 'hooks'] } }))
const api = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${made.token}` } })

const uploaded = must(await api.POST('/v1/apps', {
  body: {},
  bodySerializer: () => {
    const form = new FormData()
    for (const name of readdirSync(folder)) {
      form.append('file', new File([readFileSync(join(folder, name))], `${basename(folder)}/${name}`))
    }
    return form
  },
}))
const app = uploaded.app.name
const listed: components['schemas']['App'][] = must(await api.GET('/v1/apps')).items
const summary = must(await api.GET('/v1/apps/{app}/components', { params: { path: { app: listed[0].id } } }))

const body: components['schemas']['RunInput'] = { app, module: 'items', parameters: { count: 3 } }
const ran = whole(must(await api.POST('/v1/run', { body, headers: { 'Idempotency-Key': 'first' } })))
const lines = must(await api.POST('/v1/run', { params: { query: { stream: true } }, body, parseAs: 'text' }))
const later = await api.POST('/v1/run', { params: { query: { async: true } }, body })
const run = whole(must(later)).run

// The log of events, as server-sent events from its beginning on.
const events = must(await api.GET('/v1/events', {
  params: { query: { after: '0', source: run } },
  headers: { accept: 'text/event-stream' },
  parseAs: 'stream',
}))
let text = ''
const reader = events!.getReader()
while (!/^data: .*\n\n/m.test(text)) {
  const { done, value } = await reader.read()
  if (done) throw new Error('the stream of events has ended')
  text += new TextDecoder().decode(value)
}
await reader.cancel()
const event: components['schemas']['Event'] = JSON.parse(/^data: (.*)$/m.exec(text)![1])

const missing = await api.GET('/v1/apps/{app}', { params: { path: { app: 'nowhere' } } })
console.log(JSON.stringify({
  token: made.token.slice(0, 6),
  modules: summary.components.module.map((m) => m.id),
  bundles: ran.bundles,
  lines: String(lines).trim().split('\n').length,
  later: later.response.status,
  event: event.bundle,
  missing: missing.error?.code,
}))
