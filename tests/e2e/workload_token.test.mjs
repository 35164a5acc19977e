// An agent named by its platform's token, as in Kubernetes: over gRPC on a socket
// of its own machine, and at the JSON door.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Agent, JsonDoor, refusalOf } from './support/agent.mjs';
import { newKey, tamper } from './support/jwt.mjs';
import { WorkloadIssuer } from './support/workload_issuer.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const SUBJECT = 'system:serviceaccount:bots:calendar';

describe('an agent with a token of its platform', () => {
  let world;
  let platform;
  let socket;
  before(async () => {
    world = await World.start({
      change: async (c, { dir }) => {
        platform = await WorkloadIssuer.start({ tls: c.tls });
        socket = `unix:${join(dir, 'grpc.sock')}`;
        Object.assign(c.agents[0], {
          auth: { type: 'jwt', issuer: platform.issuer, subject: SUBJECT },
        });
        return {
          ...c,
          workloadIssuers: [{
            issuer: platform.issuer, jwks_uri: platform.jwksUri, audience: platform.audience,
          }],
          sections: {
            server: {
              grpc_listen: socket,
              grpc_tls_cert_file: undefined,
              grpc_tls_key_file: undefined,
              grpc_client_ca_file: undefined,
            },
          },
        };
      },
    });
    const { consent_required: asked } = await doors(good()).gRPC.getToken('calendar', 'ana', ASK);
    await world.connect(world.person(), 'ana', asked);
  });
  after(async () => {
    await world?.stop();
    await platform?.stop();
  });

  const good = () => platform.token({ sub: SUBJECT });
  const doors = (token) => ({
    gRPC: world.opened(new Agent({ address: socket, metadata: { authorization: `Bearer ${token}` } })),
    JSON: new JsonDoor({ url: world.publicUrl, ca: world.authority.ca, bearer: token }),
  });

  test('is the agent that the configuration says', async () => {
    for (const [name, door] of Object.entries(doors(good()))) {
      const { outcome, token } = await door.getToken('calendar', 'ana', ASK);
      assert.equal(outcome, 'token', name);
      const leaf = (await world.leaves(1))[0];
      assert.equal(leaf.action, 'token.granted', name);
      assert.equal(leaf.actor, 'agents/bot', name);
      assert.equal(leaf.token_id, token.token_id, name);
    }
  });

  test('can be for several audiences', async () => {
    const token = platform.token({ sub: SUBJECT, aud: ['others', platform.audience] });
    assert.equal((await doors(token).gRPC.getToken('calendar', 'ana', ASK)).outcome, 'token');
  });

  const now = () => Math.floor(Date.now() / 1000);
  const REFUSED = [
    ['for another audience', 'audience', () => platform.token({ sub: SUBJECT, aud: 'elsewhere' })],
    ['that expired', 'expired',
      () => platform.token({ sub: SUBJECT, iat: now() - 600, exp: now() - 60 })],
    ['that lives for a day', 'lives_too_long', () => platform.token({ sub: SUBJECT, exp: now() + 86_400 })],
    ['of yesterday', 'too_old',
      () => platform.token({ sub: SUBJECT, iat: now() - 86_400, exp: now() + 60 })],
    ['that does not say since when', 'too_old', () => platform.token({ sub: SUBJECT, iat: undefined })],
    ['that nobody signed', 'algorithm', () => platform.token({ sub: SUBJECT }, { header: { alg: 'none' } })],
    ['signed with the public key', 'algorithm',
      () => platform.token({ sub: SUBJECT }, { header: { alg: 'HS256' } })],
    ['signed by a key nobody knows', 'unknown_key',
      () => platform.token({ sub: SUBJECT }, { key: newKey('unheard-of') })],
    ['signed by another key of that name', 'signature',
      () => platform.token({ sub: SUBJECT }, { key: newKey(platform.key.kid) })],
    ['that another agent became this one with', 'signature',
      () => tamper(platform.token({ sub: 'system:other' }), { sub: SUBJECT })],
    ['of an agent that nobody configured', 'unknown_agent', () => platform.token({ sub: 'system:other' })],
    ['of a platform that nobody configured', 'unknown_issuer',
      () => platform.token({ sub: SUBJECT, iss: 'https://platform.example' })],
    ['that is none', 'malformed', () => 'bot'],
  ];
  for (const [which, problem, make] of REFUSED) {
    test(`${which} is refused by both doors`, async () => {
      for (const [name, door] of Object.entries(doors(make()))) {
        const error = await refusalOf(door.getToken('calendar', 'ana', ASK));
        assert.equal(error.code, 'UNAUTHENTICATED', name);
        assert.equal(error.reason, 'AGENT_CREDENTIAL_INVALID', name);
        assert.deepEqual(error.metadata, { problem }, name);
        const leaf = (await world.leaves(1))[0];
        assert.equal(leaf.action, 'agent.refused', name);
        assert.equal(leaf.reason, 'AGENT_CREDENTIAL_INVALID', name);
        assert.equal(leaf.actor, 'unknown', name);
      }
    });
  }

  test('that was believed is looked at again when the configuration changes', async () => {
    const { gRPC: door } = doors(good());
    const ask = () => door.getToken('calendar', 'ana', ASK);
    assert.equal((await ask()).outcome, 'token');
    await world.reconfigure(`subject = "${SUBJECT}"`, 'subject = "system:retired"');
    assert.deepEqual((await refusalOf(ask())).metadata, { problem: 'unknown_agent' });
    await world.reconfigure('subject = "system:retired"', `subject = "${SUBJECT}"`);
    assert.equal((await ask()).outcome, 'token');
  });

  test('beside the certificate of another agent is neither', async () => {
    const door = world.jsonDoor('guest');
    door.bearer = good();
    const error = await refusalOf(door.getToken('calendar', 'ana', ASK));
    assert.deepEqual([error.reason, error.metadata], ['AGENT_CREDENTIAL_INVALID', { problem: 'mismatch' }]);
  });

  test('that brings none is refused by both doors', async () => {
    const bare = {
      gRPC: world.opened(new Agent({ address: socket })),
      JSON: new JsonDoor({ url: world.publicUrl, ca: world.authority.ca }),
    };
    for (const [name, door] of Object.entries(bare)) {
      const error = await refusalOf(door.getToken('calendar', 'ana', ASK));
      assert.deepEqual(error.metadata, { problem: 'missing' }, name);
    }
  });
});
