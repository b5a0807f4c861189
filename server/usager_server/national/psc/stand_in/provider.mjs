// Plays Pro Santé Connect on oidc-provider (npm, certified OpenID Connect), behind the TLS of the sandbox, which hands
// on the client's certificate in a header. Standard input: one line of JSON, the order; standard output: one line, the port.
import { createHash, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Provider, errors } from 'oidc-provider';

const REALM = '/auth/realms/esante-wallet';
const OIDC = '/protocol/openid-connect';
const CLIENT = 'usager';
const SCOPE_ALL = [
  'SubjectNameID', 'preferred_username', 'family_name', 'given_name', 'SubjectRole', 'Secteur_Activite',
  'SubjectOrganization', 'SubjectOrganizationID', 'Mode_Acces_Raison', 'Acces_Regulation_Medicale', 'UITVersion',
  'Palier_Authentification', 'PSI_Locale', 'authMode', 'otherIds', 'SubjectRefPro',
];

// The first line is the order; the rest stays open, so that this process leaves with the one that started it.
const input = createInterface({ input: process.stdin });
const order = JSON.parse(await new Promise((resolve) => input.once('line', resolve)));
input.on('close', () => process.exit(0));

const { origin, people: firstPeople, subject } = order;
const issuer = origin + REALM;
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const kid = 'psc-1';
const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };

let state;
function reset() {
  state = {
    people: firstPeople, acr: 'eidas1', ciba: 'approve', pending: [], grants: new Map(), given: [], authentications: 0,
  };
}
reset();

const national = (person) => person.SubjectNameID;
const subjectOf = (person) => `f:5c1e1d0a-0b5b-4e52-9d39-9f1c4f6f0d55:${national(person)}`;
const found = (sub) => state.people.find((person) => subjectOf(person) === sub);
const certificateOf = (ctx) => {
  const der = ctx.get('x-client-certificate');
  return der ? new X509Certificate(Buffer.from(der, 'base64')) : undefined;
};

const provider = new Provider(issuer, {
  jwks: { keys: [jwk] },
  clients: [{
    client_id: CLIENT,
    client_name: 'Usager',
    redirect_uris: ['https://usager.invalid/sign-in/psc/callback'],
    post_logout_redirect_uris: ['https://usager.invalid/sign-in'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:openid:params:grant-type:ciba'],
    response_types: ['code'],
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: subject,
    tls_client_certificate_bound_access_tokens: true,
    backchannel_token_delivery_mode: 'poll',
    backchannel_logout_uri: 'https://usager.invalid/psc/backchannel-logout',
    backchannel_logout_session_required: true,
    require_auth_time: true,
    id_token_signed_response_alg: 'RS256',
  }],
  clientAuthMethods: ['tls_client_auth', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  acrValues: ['eidas1', 'eidas2', 'eidas3'],
  scopes: ['openid', 'offline_access', 'scope_all'],
  claims: { openid: ['sub'], scope_all: SCOPE_ALL, acr: null, auth_time: null, iss: null, sid: null },
  findAccount: (_ctx, sub) => {
    const person = found(sub);
    return person && { accountId: sub, claims: () => ({ ...person, sub }) };
  },
  pkce: { required: () => true },
  extraParams: ['channel'],
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  routes: {
    authorization: `${OIDC}/auth`,
    backchannel_authentication: `${OIDC}/ext/ciba/auth`,
    end_session: `${OIDC}/logout`,
    introspection: `${OIDC}/token/introspect`,
    jwks: `${OIDC}/certs`,
    revocation: `${OIDC}/revoke`,
    token: `${OIDC}/token`,
    userinfo: `${OIDC}/userinfo`,
  },
  interactions: { url: (_ctx, interaction) => `${REALM}/interaction/${interaction.uid}` },
  ttl: {
    AccessToken: 120,
    AuthorizationCode: 60,
    BackchannelAuthenticationRequest: 120,
    Grant: 14400,
    IdToken: 120,
    Interaction: 600,
    RefreshToken: 1800,
    Session: 14400,
  },
  cookies: { keys: [createHash('sha256').update(issuer).digest('hex')] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      getCertificate: certificateOf,
      certificateAuthorized: (ctx) => certificateOf(ctx) !== undefined, // the sandbox has checked who issued it
      certificateSubjectMatches: (ctx, property, expected) =>
        property === 'tls_client_auth_subject_dn' && certificateOf(ctx).subject.split('\n').join(',') === expected,
    },
    ciba: {
      enabled: true,
      deliveryModes: ['poll'],
      processLoginHint: (_ctx, hint) => {
        const person = state.people.find((it) => national(it) === hint);
        return person && subjectOf(person);
      },
      verifyUserCode: () => undefined,
      validateRequestContext: () => undefined,
      validateBindingMessage: (ctx, message) => {
        if (!/^[0-9]{2}$/.test(message ?? '')) throw new errors.InvalidBindingMessage('two digits are expected');
        if (!['CARD', 'MOBILE'].includes(ctx.oidc.params.channel)) {
          throw new errors.InvalidRequest('channel is CARD or MOBILE');
        }
      },
      triggerAuthenticationDevice: (_ctx, request) => {
        state.pending.push(request.jti);
        if (state.ciba !== 'wait') setTimeout(() => decide(request.jti, state.ciba), 50);
      },
    },
  },
  renderError: (ctx, out) => {
    ctx.type = 'json';
    ctx.body = out;
  },
});
provider.proxy = true;
provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack}\n`));
// A server of a test listens on a port that nobody knows beforehand: any of this machine's will do.
provider.Client.prototype.redirectUriAllowed = function redirectUriAllowed(uri) {
  const { hostname, pathname } = new URL(uri);
  return ['localhost', '127.0.0.1'].includes(hostname) && pathname === '/sign-in/psc/callback';
};
provider.on('grant.success', (ctx) => {
  const { IdToken: _, ...entities } = ctx.oidc.entities;
  const source = entities.AuthorizationCode ?? entities.RefreshToken ?? entities.BackchannelAuthenticationRequest;
  if (source?.sid) state.grants.set(source.sid, source.grantId);
});

// Kept so that all of them can be over at once, as they are after their 120 seconds.
provider.on('access_token.saved', (token) => state.given.push(token));

async function granted(accountId) {
  const grant = new provider.Grant({ accountId, clientId: CLIENT });
  grant.addOIDCScope('openid scope_all offline_access');
  return grant.save();
}

async function decide(jti, answer) {
  const request = await provider.BackchannelAuthenticationRequest.find(jti);
  state.pending = state.pending.filter((it) => it !== jti);
  if (!request) return;
  if (answer === 'deny') {
    await provider.backchannelResult(request, new errors.AccessDenied('the user said no'));
  } else {
    state.authentications += 1;
    await provider.backchannelResult(request, await provider.Grant.find(await granted(request.accountId)), {
      acr: state.acr, authTime: Math.floor(Date.now() / 1000), sid: createHash('sha256').update(jti).digest('hex'),
    });
  }
}

async function body(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
}

// The page of a wallet: who signs in is chosen, and nothing is asked for.
async function interaction(req, res) {
  const details = await provider.interactionDetails(req, res);
  if (req.method === 'GET' && details.prompt.name === 'login') {
    const buttons = state.people.map((it) =>
      `<p><button name="login" value="${national(it)}">${it.given_name} ${it.family_name} — ${national(it)}</button></p>`);
    res.setHeader('content-type', 'text/html; charset=utf-8');
    res.end(`<!doctype html><html lang="fr"><title>Pro Santé Connect (bac à sable)</title><h1>Qui êtes-vous ?</h1>`
      + `<form method="post">${buttons.join('')}<p><button name="login" value="">Refuser</button></p></form></html>`);
    return;
  }
  let result;
  if (details.prompt.name === 'login') {
    const chosen = new URLSearchParams(await body(req)).get('login');
    const person = state.people.find((it) => national(it) === chosen);
    if (person) state.authentications += 1;
    result = person
      ? { login: { accountId: subjectOf(person), ...(state.acr ? { acr: state.acr } : {}) } }
      : { error: 'access_denied', error_description: 'the user said no' };
  } else {
    result = { consent: { grantId: await granted(details.session.accountId) } };
  }
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: details.prompt.name !== 'login' });
}

// Ends a session as the real one does when told by a server: at once, by its id_token, without a page.
async function logout(req, res) {
  const form = new URLSearchParams(await body(req));
  const client = await provider.Client.find(CLIENT);
  let payload;
  try {
    ({ payload } = await provider.IdToken.validate(form.get('id_token_hint') ?? '', client));
  } catch {
    res.statusCode = 400;
    res.end('{"error":"invalid_request"}');
    return;
  }
  const grant = state.grants.get(payload.sid);
  if (grant) {
    await Promise.all([provider.AccessToken.revokeByGrantId(grant), provider.RefreshToken.revokeByGrantId(grant)]);
  }
  res.statusCode = 204;
  res.end();
}

async function logoutToken({ sid, sub, claims = {} }) {
  const payload = {
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    jti: createHash('sha256').update(`${Math.random()}`).digest('hex'),
    ...(sid ? { sid } : {}),
    ...(sub ? { sub } : {}),
    ...claims,
  };
  const now = Math.floor(Date.now() / 1000);
  const whole = { iss: issuer, aud: CLIENT, iat: now, exp: now + 120, ...payload };
  return new SignJWT(whole).setProtectedHeader({ alg: 'RS256', kid, typ: 'logout+jwt' }).sign(privateKey);
}

// What the sandbox orders, on a path that the TLS side never hands on.
async function ordered(what, given, res) {
  const answer = {};
  if (what === 'reset') reset();
  else if (what === 'seed') Object.assign(state, given);
  else if (what === 'decide') await Promise.all([...state.pending].map((jti) => decide(jti, given.answer)));
  else if (what === 'expire') await Promise.all(state.given.splice(0).map((token) => token.destroy()));
  else if (what === 'counts') answer.authentications = state.authentications;
  else if (what === 'logout-token') answer.token = await logoutToken(given);
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(answer));
}

const callback = provider.callback();
async function serve(req, res) {
  const { pathname } = new URL(req.url, origin);
  if (pathname.startsWith('/orders/')) {
    await ordered(pathname.slice('/orders/'.length), JSON.parse((await body(req)) || '{}'), res);
    return;
  }
  const within = req.url.slice(REALM.length);
  req.originalUrl = req.url;
  if (pathname.startsWith(`${REALM}/interaction/`)) await interaction(req, res);
  else if (pathname === `${REALM}${OIDC}/logout` && req.method === 'POST') await logout(req, res);
  else if (pathname === `${REALM}/.well-known/wallet-openid-configuration`) {
    req.url = '/.well-known/openid-configuration';
    req.originalUrl = REALM + req.url;
    callback(req, res);
  } else if (pathname.startsWith(`${REALM}/protocol/`)) {
    req.url = within;
    callback(req, res);
  } else {
    res.statusCode = 404;
    res.end();
  }
}

const server = createServer((req, res) => serve(req, res).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  res.statusCode = 500;
  res.end('{"error":"server_error"}');
}));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
