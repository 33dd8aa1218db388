// An authorization server: npm's oidc-provider with an interaction of two buttons. It reads
// {client_id, client_secret, redirect_uri} from the first line of its standard input, prints its
// port, and ends with its standard input.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import Provider from 'oidc-provider'

const [line] = await once(createInterface({ input: process.stdin }), 'line')
process.stdin.on('end', () => process.exit(0)).resume()
const client = JSON.parse(line)

const server = createServer((req, res) => handle(req, res)).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: client.client_id,
    client_secret: client.client_secret,
    redirect_uris: [client.redirect_uri],
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  cookies: { keys: ['only for a test'] },
  ttl: { AccessToken: 3600, ClientCredentials: 600, RefreshToken: 86400, Interaction: 600, Grant: 86400, Session: 600, IdToken: 600 },
})
const oidc = provider.callback()
console.log(port)

async function handle(req, res) {
  if (!req.url.startsWith('/interaction/')) {
    return oidc(req, res)
  }
  try {
    await interact(req, res)
  } catch (err) {
    res.writeHead(500).end(String(err))
  }
}

// interact asks the person, and takes the answer of the form.
async function interact(req, res) {
  const { uid, params, session } = await provider.interactionDetails(req, res)
  if (req.method === 'GET') {
    res.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title>Sign in</title>
<form method="post" action="/interaction/${uid}">
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
</form>`)
    return
  }
  let body = ''
  for await (const piece of req) {
    body += piece
  }
  if (new URLSearchParams(body).get('decision') !== 'allow') {
    return provider.interactionFinished(req, res, { error: 'access_denied', error_description: 'the person said no' })
  }
  const accountId = session?.accountId ?? 'alice'
  const grant = new provider.Grant({ accountId, clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(req, res, { login: { accountId }, consent: { grantId: await grant.save() } })
}
