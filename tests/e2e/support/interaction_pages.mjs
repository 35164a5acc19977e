// The provider's own pages: who are you, and do you allow this. Plain forms that
// a person, a browser test and a script can all fill in.
//
//   sign in:   field `login`, button "Sign in"
//   consent:   a checkbox `scope` a scope, buttons "Allow" and "Deny"
const PATH = /^\/interaction\/[\w-]+$/;

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => escapes[c]);

function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<title>${escape(title)}</title><h1>${escape(title)}</h1>
<form method="post">${body}</form></html>`;
}

function signInPage() {
  return page('Sign in at the provider',
    `<label>Name <input name="login" autocomplete="off" required></label>
<button name="answer" value="sign-in">Sign in</button>`);
}

function consentPage(client, scopes) {
  const boxes = scopes.map((scope) =>
    `<p><label><input type="checkbox" name="scope" value="${escape(scope)}" checked>
${escape(scope)}</label></p>`).join('');
  return page(`${client} wants access`,
    `${boxes}<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button>`);
}

async function readForm(req) {
  let text = '';
  for await (const part of req) text += part;
  return new URLSearchParams(text);
}

// What the person allowed becomes a grant; what was unticked is remembered as
// refused, so that the server does not ask again in a circle.
async function grantFor(provider, details, allowed) {
  const { prompt, params, session, grantId } = details;
  const grant = (grantId && await provider.Grant.find(grantId)) ||
    new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const asked = params.scope.split(' ');
  const given = asked.filter((scope) => allowed.includes(scope));
  const refused = asked.filter((scope) => !allowed.includes(scope));
  if (given.length > 0) grant.addOIDCScope(given.join(' '));
  if (refused.length > 0) grant.rejectOIDCScope(refused.join(' '));
  if (prompt.details.missingOIDCClaims) {
    grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  }
  return grant.save();
}

async function resultOf(provider, details, sent) {
  if (details.prompt.name === 'login') {
    return { login: { accountId: sent.get('login') } };
  }
  if (sent.get('answer') !== 'allow') {
    return { error: 'access_denied', error_description: 'the person said no' };
  }
  // openid and offline_access have no box: they are not the person's to split.
  const allowed = [...sent.getAll('scope'), 'openid', 'offline_access'];
  return { consent: { grantId: await grantFor(provider, details, allowed) } };
}

export function interactionPages(provider) {
  return async (ctx, next) => {
    if (!PATH.test(ctx.path)) return next();
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method === 'POST') {
      const result = await resultOf(provider, details, await readForm(ctx.req));
      ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result,
        { mergeWithLastSubmission: details.prompt.name === 'consent' }));
      ctx.status = 303;
      return undefined;
    }
    ctx.type = 'html';
    const boxes = details.params.scope.split(' ')
      .filter((scope) => !['openid', 'offline_access'].includes(scope));
    ctx.body = details.prompt.name === 'login'
      ? signInPage() : consentPage(details.params.client_id, boxes);
    return undefined;
  };
}
