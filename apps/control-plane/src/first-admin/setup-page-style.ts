/** The style of the setup page: one narrow column, readable in light and dark. */
export const setupPageStyle = `
:root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --line: #6b7280; --accent: #0b5fff; --bad: #b3261e; --good: #146c2e; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --back: #15181c; --line: #9aa0a6; --accent: #8ab4f8; --bad: #f2b8b5; --good: #81c995; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; margin: 0 auto; padding: 2rem 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
label { display: block; margin-top: 1rem; font-weight: 600; }
.hint { font-weight: 400; margin: 0; }
input { width: 100%; min-height: 2.75rem; padding: 0.5rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 0.375rem; }
button { width: 100%; min-height: 2.75rem; margin-top: 1.5rem; font: inherit; font-weight: 600; color: var(--back); background: var(--accent); border: 0; border-radius: 0.375rem; cursor: pointer; }
button[disabled] { opacity: 0.6; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#problem { color: var(--bad); font-weight: 600; }
#done h2 { color: var(--good); }
code { font-size: 0.9em; }
[hidden] { display: none; }
`;
