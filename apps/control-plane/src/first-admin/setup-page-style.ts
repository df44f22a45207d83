/** The style of the setup page: one column, a card where there is room, readable in light and dark. */
export const setupPageStyle = `
:root { color-scheme: light dark; --text: #1b1f24; --soft: #4b5563; --back: #f3f4f6; --card: #ffffff; --edge: #d5d9df; --line: #6b7280; --accent: #0b5fff; --bad: #b3261e; --bad-back: #fdecea; --good: #146c2e; --code: #eef0f3; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --soft: #b6bcc4; --back: #101316; --card: #1a1e23; --edge: #343a42; --line: #9aa0a6; --accent: #8ab4f8; --bad: #f2b8b5; --bad-back: #3a2120; --good: #81c995; --code: #262b32; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--card); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 0 auto; padding: 1.5rem 1rem; overflow-wrap: anywhere; }
@media (min-width: 34rem) { body { background: var(--back); } main { margin: 4rem auto; padding: 2rem 2.5rem; background: var(--card); border: 1px solid var(--edge); border-radius: 0.75rem; } }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 0; font-size: 1.25rem; }
#intro, .hint { color: var(--soft); }
label { display: block; margin: 1.25rem 0 0.375rem; font-weight: 600; }
.hint { margin: -0.25rem 0 0.375rem; font-size: 0.9375rem; }
input { width: 100%; min-height: 2.75rem; padding: 0.5rem 0.625rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 0.375rem; }
input[aria-invalid] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
button { width: 100%; min-height: 2.75rem; margin-top: 1.75rem; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: 0.375rem; cursor: pointer; }
button[disabled] { opacity: 0.6; cursor: progress; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[tabindex="-1"]:focus-visible { outline: none; }
#problem { padding: 0.75rem 1rem; color: var(--bad); background: var(--bad-back); border-left: 4px solid var(--bad); border-radius: 0.375rem; font-weight: 600; }
#done h2 { color: var(--good); }
ol { padding-left: 1.25rem; }
li { margin-top: 0.75rem; }
code { display: block; margin-top: 0.25rem; padding: 0.5rem 0.75rem; font: 0.875rem/1.5 ui-monospace, monospace; background: var(--code); border-radius: 0.375rem; white-space: pre-wrap; }
[hidden] { display: none; }
`;
