// Signs with npm's oauth-sign: one request a line on standard input, one answer a line
// on standard output. The address is taken apart by Node's URL, query and form by Node's
// querystring, so that nothing of the project under test takes part.
'use strict'

const oauth = require('oauth-sign')
const querystring = require('querystring')
const readline = require('readline')

function collect (params, more) {
  for (const name of Object.keys(more)) {
    params[name] = [].concat(params[name] === undefined ? [] : params[name], more[name])
  }
}

function sign (request) {
  const url = new URL(request.url)
  const params = Object.create(null)
  const unlimited = { maxKeys: 0 }
  collect(params, querystring.parse(url.search.slice(1), '&', '=', unlimited))
  if (request.form !== undefined) {
    collect(params, querystring.parse(request.form, '&', '=', unlimited))
  }
  collect(params, request.protocol)
  const uri = url.protocol + '//' + url.host + url.pathname
  const base = oauth.generateBase(request.method, uri, params)
  const key = request.signatureMethod.startsWith('RSA') ? request.privateKey : request.consumerSecret
  let signature = null
  try {
    signature = oauth.sign(request.signatureMethod, request.method, uri, params, key, request.tokenSecret)
  } catch (error) {
    if (!/not supported/.test(error.message)) throw error
  }
  return { base, signature }
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  let answer
  try {
    answer = sign(JSON.parse(line))
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
