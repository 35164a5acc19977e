// Word of an approval reaches an approver: by a signed webhook and by e-mail,
// though the receiver fails at first, and though the daemon is killed in between.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { MailServer } from './support/mail_server.mjs';
import { WebApp } from './support/web_app.mjs';
import { WebhookReceiver } from './support/webhook_receiver.mjs';
import { World } from './support/world.mjs';

const ASK = ['calendar.read'];
const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const LOGIN = { username: 'vault', password: 'the-mail-password' };

for (const implicit of [true, false]) {
  describe(`word of an approval, with mail by ${implicit ? 'smtps' : 'STARTTLS'}`, () => {
    let world;
    let mail;
    let hook;
    let token;
    let task = 0;
    before(async () => {
      world = await World.start({
        identityClients: [WebApp.client('assistant')],
        change: async (c, { authority }) => {
          const tls = authority.server('receivers');
          mail = await MailServer.start({ tls, implicit, ...LOGIN });
          hook = await WebhookReceiver.start({ tls, secret: SECRET });
          c.tenants[0].user_token_audience = 'assistant';
          c.webhook = { url: hook.url, secret: SECRET, timeout: '2s' };
          c.email = { smtp_url: mail.url, from: 'vault@connect.test', reply_to: 'it@connect.test', ...LOGIN };
          c.policies = [{
            id: 'ask-first', effect: 'require_approval', agent: 'bot', provider: 'calendar',
            scopes: ['openid', 'email', 'calendar.read'], approval: { reach: ['once'], expires: '2m' },
          }];
          return c;
        },
      });
      const app = new WebApp({ server: world.identity, ca: world.authority.ca, client: 'assistant' });
      token = await app.signIn('ana');
      const asked = await world.bot.getToken('calendar', { token }, ASK);
      assert.equal(asked.outcome, 'consent_required', JSON.stringify(asked));
      await world.connect(world.person(), 'ana', asked.consent_required);
    });
    after(async () => {
      await world?.stop();
      await mail?.stop();
      await hook?.stop();
    });

    // A question of its own each time.
    async function ask() {
      const answer = await world.bot.getToken('calendar', { token }, ASK,
        { purpose: { summary: 'Plan the offsite', task_id: `task-${task += 1}` } });
      assert.equal(answer.outcome, 'approval_required', JSON.stringify(answer));
      return answer.approval_required;
    }
    const metric = async (channel, result) => {
      const { body } = await world.person().visit(`${world.publicUrl}/metrics`);
      return Number(new RegExp(`tokenvault_notices_total\\{channel="${channel}",result="${result}"\\} (\\d+)`).exec(body)?.[1] ?? 0);
    };
    // They are counted a moment after the receiver has answered.
    async function counts(channel, result, count) {
      while (await metric(channel, result) < count) await setTimeout(50);
      assert.equal(await metric(channel, result), count);
    }

    test('comes by both, though each fails at first', async () => {
      hook.answerNext(500, 503);
      mail.refuseNext('451 4.3.0 not now');
      const question = await ask();
      const id = question.name.split('/')[1];
      const tries = [await hook.delivery(0), await hook.delivery(1), await hook.delivery(2)];
      assert.deepEqual(tries.map(({ status, problem }) => [status, problem]),
        [[500, undefined], [503, undefined], [204, undefined]]);
      assert.equal(new Set(tries.map(({ headers }) => headers['webhook-id'])).size, 1);
      assert.equal(new Set(tries.map(({ text }) => text)).size, 1);
      const { body, text } = tries[0];
      assert.equal(body.type, 'approval.requested');
      assert.match(body.approval, new RegExp(`^users/u-[^/]+/approvals/${id}$`));
      assert.deepEqual([body.agent, body.agent_name, body.provider, body.provider_name, body.rule],
        ['agents/bot', 'Calendar Bot', 'providers/calendar', 'Test Calendar', 'ask-first']);
      assert.equal(body.url, question.url);
      assert.equal(Date.parse(body.expire_time), Number(question.expire_time.seconds) * 1000);
      assert.ok(!text.includes(question.user_code) && !text.includes('offsite'), text);

      const letter = await mail.next(0);
      assert.equal(mail.refused, 1);
      assert.deepEqual([letter.from, letter.to, letter.isSecure], ['vault@connect.test', 'ana@example.test', true]);
      assert.equal(letter.headers.subject, 'Approve? Calendar Bot wants to use your Test Calendar account');
      assert.equal(letter.headers['reply-to'], '<it@connect.test>');
      assert.match(letter.body, /^Calendar Bot wants to use your Test Calendar account/);
      assert.ok(letter.body.includes(`${body.url}\r\n`), letter.body);
      assert.ok(!letter.body.includes(question.user_code) && !letter.body.includes('offsite'), letter.body);
      assert.equal(hook.deliveries.length, 3);
      assert.equal(mail.mails.length, 1);
      await counts('webhook', 'sent', 1);
      await counts('webhook', 'failed', 2);
      await counts('email', 'sent', 1);
      await counts('email', 'failed', 1);
    });

    test('comes after the daemon was killed before it got through', async () => {
      const before = { hooks: hook.deliveries.length, mails: mail.mails.length };
      hook.answerNext(500);
      mail.refuseNext('451 4.3.0 not now');
      await ask();
      const first = await hook.delivery(before.hooks);
      await world.vault.kill();
      await world.vault.start();
      const again = await hook.delivery(before.hooks + 1);
      assert.deepEqual([again.status, again.problem, again.text], [204, undefined, first.text]);
      assert.ok((await mail.next(before.mails)).body.includes(again.body.url));
      assert.equal(mail.mails[before.mails].headers['message-id'], `<${again.headers['webhook-id']}@connect.test>`);
    });

    test('ends when the agent takes its question back', async () => {
      const before = hook.deliveries.length;
      const late = await metric('webhook', 'not_needed');
      hook.answerNext(500);
      const question = await ask();
      await hook.delivery(before);
      await world.bot.call('TokenService', 'CancelInteraction', { name: question.name });
      await counts('webhook', 'not_needed', late + 1);
      assert.equal(hook.deliveries.length, before + 1);
    });
  });
}
