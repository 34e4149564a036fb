// A real OpenID provider (npm `oidc-provider`, certified) with the accounts that a test gives it, and a small door of the
// test's own beside it, by which the test changes them: POST /account {sub, email, email_verified, groups}, DELETE
// /account/<sub>, POST /keys (other signing keys from now on).
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';

const settings = JSON.parse(process.env.SETTINGS);
const { default: Provider } = await import(settings.package);
const accounts = new Map(settings.accounts.map((one) => [one.sub, one]));

const jwk = (kind, options, more) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more,
});
const keys = () => [
  jwk('rsa', { modulusLength: 2048 }), jwk('ec', { namedCurve: 'P-256' }), jwk('ed25519', {}),
];

function provider() {
  const made = new Provider(settings.issuer, {
    clients: settings.clients,
    jwks: { keys: keys() },
    cookies: { keys: ['for a test alone'] },
    scopes: ['openid', 'email', 'groups', 'offline_access'],
    claims: { openid: ['sub', 'sid'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: settings.claims_in_userinfo_alone,
    pkce: { methods: ['S256'], required: () => true },
    features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    rotateRefreshToken: true,
    findAccount: (ctx, sub) => accounts.has(sub) ? { accountId: sub, claims: () => accounts.get(sub) } : undefined,
    ttl: { Interaction: 600, Grant: 3600, Session: 3600, AccessToken: 600, IdToken: 7200, RefreshToken: 3600 },
  });
  made.on('server_error', (ctx, error) => console.error('server_error', error));
  made.on('backchannel.error', (ctx, error, client) => console.error('backchannel.error', error.message));
  return made;
}

let callback = provider().callback();
createServer((request, answer) => callback(request, answer)).listen(settings.port, '127.0.0.1');

createServer((request, answer) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    if (request.method === 'DELETE') accounts.delete(decodeURIComponent(request.url.split('/')[2]));
    else if (request.url === '/keys') callback = provider().callback();
    else { const one = JSON.parse(body); accounts.set(one.sub, one); }
    answer.end('{}');
  });
}).listen(settings.control_port, '127.0.0.1', () => console.log('ready'));
