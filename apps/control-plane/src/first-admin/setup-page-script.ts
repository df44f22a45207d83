/** The script of the setup page: sends the form as the mutation `completeSetup` and shows what came of it. */
export const setupPageScript = `
'use strict';
const byId = (id) => document.getElementById(id);
const form = byId('form');
const problem = byId('problem');
const token = location.hash.slice(1);

// Messages begin with the field's name in the API; here it has a label.
function worded(message, input) {
  if (!input || !input.labels || !message.startsWith(input.id + ' ')) return message;
  return input.labels[0].textContent + message.slice(input.id.length);
}

function show(message, field) {
  const input = field && byId(field);
  problem.textContent = worded(message, input);
  problem.hidden = false;
  for (const one of form.querySelectorAll('input')) one.removeAttribute('aria-invalid');
  if (input) { input.setAttribute('aria-invalid', 'true'); input.focus(); } else problem.focus();
}

async function complete(input) {
  const query = 'mutation Setup($input: CompleteSetupInput!) { completeSetup(input: $input) { viewer { user { email } organization { slug } } userErrors { field message } } }';
  const answer = await fetch('/graphql', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = await answer.json();
  if (errors) return { refused: errors[0] };
  const { viewer, userErrors } = data.completeSetup;
  return userErrors.length > 0 ? { refused: userErrors[0] } : { viewer };
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, displayName, password, repeated } = Object.fromEntries(new FormData(form));
  if (password !== repeated) return show('The two passwords differ.', 'repeated');
  const button = byId('send');
  button.disabled = true;
  problem.hidden = true;
  try {
    const { refused, viewer } = await complete({ token, email, displayName, password });
    if (refused) return show(refused.message, refused.field);
    history.replaceState(null, '', location.pathname);
    form.hidden = true;
    byId('intro').hidden = true;
    byId('who').textContent = viewer.user.email;
    byId('organization').textContent = viewer.organization.slug;
    byId('origin').textContent = location.origin;
    byId('done').hidden = false;
    byId('done').focus();
  } catch {
    show('The server did not answer. Check that it runs, then try again.');
  } finally {
    button.disabled = false;
  }
});

if (token === '') {
  form.hidden = true;
  show('This page needs the whole one-time link that the server printed at its start.');
}
`;
