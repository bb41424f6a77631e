// A real authorization server on loopback, `oidc-provider`, at the paths of Qwen's: device flow, PKCE, rotating tokens.
//
// node provider.mjs <folder with node_modules> <lifetime of a device code in seconds>
//
// `oidc-provider` knows PKCE for authorization codes alone, so the check of RFC 7636 §4.6 for device codes is made here.
//
// It prints its address. `POST /decide` with user_code and approve=yes|no is the user at the sign-in page, and
// `GET /counts` says how many grants of each type were asked for and given.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [folder, lifetime] = process.argv.slice(2);
const entry = join(folder, 'node_modules', 'oidc-provider', 'lib', 'index.js');
const { Provider } = await import(pathToFileURL(entry).href);

const CLIENT_ID = 'f0304373b74a44d2b584a3fb70ca9e56';
const SCOPE = 'openid profile email model.completion';
const ACCOUNT = 'user';

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT_ID,
      token_endpoint_auth_method: 'none',
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      response_types: [],
      redirect_uris: [],
      scope: SCOPE,
    },
  ],
  cookies: { keys: ['only for tests'] },
  scopes: SCOPE.split(' '),
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
  routes: { device_authorization: '/api/v1/oauth2/device/code', token: '/api/v1/oauth2/token', code_verification: '/authorize' },
  ttl: { DeviceCode: Number(lifetime), AccessToken: 21600, RefreshToken: 86400, Grant: 86400, IdToken: 3600 },
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

const counts = {};
const count = (what) => { counts[what] = (counts[what] ?? 0) + 1; };
provider.on('grant.success', (ctx) => count(`granted ${ctx.oidc.params.grant_type}`));
provider.on('grant.error', (ctx, error) => count(`refused ${ctx.oidc.params?.grant_type} ${error.error}`));
provider.on('server_error', (_, error) => console.error(error));

// What the provider itself writes down when the user has answered its pages.
async function decide(userCode, approve) {
  const code = await provider.DeviceCode.findByUserCode(userCode.replaceAll('-', ''));
  if (!code) return 404;
  if (approve) {
    const grant = new provider.Grant({ accountId: ACCOUNT, clientId: CLIENT_ID });
    grant.addOIDCScope(SCOPE);
    Object.assign(code, { accountId: ACCOUNT, grantId: await grant.save(), scope: SCOPE, authTime: Math.floor(Date.now() / 1000) });
  } else {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the user said no' });
  }
  await code.save();
  return 200;
}

const challenges = new Map();
provider.on('device_authorization.success', (ctx, body) => challenges.set(body.device_code, ctx.req.body.code_challenge));

// Why a request is refused for its PKCE, if it is.
function refusal(form) {
  if (form.device_code) {
    const challenge = createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
    return challenges.get(form.device_code) === challenge ? undefined : 'invalid_grant';
  }
  if (form.grant_type) return undefined;
  return form.code_challenge?.length === 43 && form.code_challenge_method === 'S256' ? undefined : 'invalid_request';
}

const callback = provider.callback();
server.on('request', async (request, response) => {
  const answer = (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify(value));
  };
  if (request.url === '/counts') return answer(200, counts);
  if (request.method !== 'POST') return callback(request, response);
  let body = '';
  for await (const chunk of request) body += chunk;
  const form = Object.fromEntries(new URLSearchParams(body));
  if (request.url === '/decide') return answer(await decide(form.user_code, form.approve === 'yes'), {});
  const error = refusal(form);
  if (error) {
    count(`refused PKCE ${error}`);
    return answer(400, { error });
  }
  request.body = form;
  return callback(request, response);
});

// The test program ends it by closing its stdin.
process.stdin.on('end', () => process.exit(0)).resume();
console.log(issuer);
