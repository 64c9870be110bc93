// An OpenID provider for the tests: the certified `oidc-provider` on a free port of 127.0.0.1.
// Prints its issuer as the first line. A line `rotate` on standard input gives it new keys. It ends with its input.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider, interactionPolicy } from 'oidc-provider';

const site = process.argv[2]; // the origin of the pages that send people here
const API = 'https://parvandeh.test/api';
const levels = { 'urn:test:low': 0, 'urn:test:substantial': 1, 'urn:test:high': 2 };

function keys() {
  const make = (kind, options, alg) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg, use: 'sig',
  });
  return { keys: [make('rsa', { modulusLength: 2048 }, 'RS256'), make('ec', { namedCurve: 'P-256' }, 'ES256')] };
}

function policy() {
  const { base, Check } = interactionPolicy;
  const prompts = base();
  prompts.get('login').checks.add(new Check('acr_too_low', 'a higher level was asked for', (ctx) => {
    const asked = (ctx.oidc.params.acr_values ?? '').split(' ').filter(Boolean);
    const had = ctx.oidc.session.acr ?? 'urn:test:low';
    return asked.length && !ctx.oidc.result?.login && !asked.includes(had) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  }));
  return prompts;
}

function configuration() {
  const common = { grant_types: ['authorization_code'], response_types: ['code'] };
  return {
    jwks: keys(),
    clients: [
      { client_id: 'parvandeh', client_secret: 'p+ss w/rd', redirect_uris: [`${site}/login/test/callback`],
        post_logout_redirect_uris: [`${site}/login`], ...common },
      { client_id: 'app', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/app'],
        ...common },
    ],
    cookies: { keys: ['of the tests'] },
    acrValues: Object.keys(levels),
    claims: {
      acr: null, auth_time: null, openid: ['sub', 'national_id'], profile: ['name', 'name#fa', 'locale'],
      email: ['email', 'email_verified'], phone: ['phone_number'],
    },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    interactions: { policy: policy(), url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: (use) => ({ sub: id, national_id: person(id), ...described(id, use) }) }),
    extraTokenClaims: (_, token) => ({
      acr: token.accountId.startsWith('high') ? 'urn:test:high' : 'urn:test:low', national_id: person(token.accountId),
    }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile email phone');
      grant.addResourceScope(API, 'use');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'use', audience: API, accessTokenFormat: 'jwt', accessTokenTTL: 600 }),
      },
    },
    ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 600, AccessToken: 600 },
  };
}

// `sara-0012345679` is a person whose national id the provider knows.
const person = (id) => (/-\d{10}$/.test(id) ? id.slice(-10) : undefined);

// Names are in the ID token; where to reach somebody only the userinfo endpoint tells.
const described = (id, use) => ({
  name: 'Sara Ahmadi', 'name#fa': 'سارا احمدی', locale: 'fa-IR',
  ...(use === 'userinfo' ? { email: `${id.split('-')[0]}@example.org`, email_verified: true, phone_number: '+989121234567' } : {}),
});

async function interaction(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end(`<form method="post" action="${request.url}"><input name="login"></form>`);
    return;
  }
  let body = '';
  for await (const part of request) body += part;
  const form = new URLSearchParams(body);
  const asked = (params.acr_values ?? '').split(' ').filter(Boolean);
  const acr = form.get('acr') ?? asked[0] ?? 'urn:test:low';
  await provider.interactionFinished(request, response, { login: { accountId: form.get('login'), acr } });
}

let provider;
const server = createServer((request, response) => {
  const done = request.url.startsWith('/interaction/')
    ? interaction(provider, request, response) : provider.callback()(request, response);
  Promise.resolve(done).catch((failure) => { response.statusCode = 400; response.end(String(failure)); });
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const renew = () => { provider = new Provider(issuer, configuration()); };
  renew();
  console.log(issuer);
  createInterface({ input: process.stdin })
    .on('line', (line) => { if (line === 'rotate') renew(); console.log('done'); })
    .on('close', () => process.exit(0));
});
