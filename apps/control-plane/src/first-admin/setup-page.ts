import { passwordLimits } from '#authn';

/** The page behind the one-time link; style and script stand inside it, so it loads nothing from anywhere. */
export const setupPageHtml = (style: string, script: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Set up Gatehouse</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Set up Gatehouse</h1>
<p id="intro">Create the first administrator. This link works once.</p>
<p id="problem" role="alert" tabindex="-1" hidden></p>
<noscript><p>This page needs JavaScript.</p></noscript>
<form id="form" novalidate>
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" maxlength="254" required>
<label for="displayName">Name</label>
<input id="displayName" name="displayName" type="text" autocomplete="name" maxlength="200" required>
<label for="password">Password</label>
<p class="hint" id="password-hint">At least ${passwordLimits.min} characters.</p>
<input id="password" name="password" type="password" autocomplete="new-password" aria-describedby="password-hint" required>
<label for="repeated">Password again</label>
<input id="repeated" name="repeated" type="password" autocomplete="new-password" required>
<button id="send" type="submit">Create administrator</button>
</form>
<section id="done" tabindex="-1" hidden aria-labelledby="done-title">
<h2 id="done-title">Done</h2>
<p><strong id="who"></strong> now owns the organization <strong id="organization"></strong>, and you are signed in.</p>
<p>Next steps:</p>
<ol>
<li>Sign the command line in<code>gatehouse login --url <span id="origin"></span></code></li>
<li>Register an MCP server<code>gatehouse upstream add</code></li>
<li>Hand out a token for it<code>gatehouse token create</code></li>
<li>Connect a client<code>gatehouse client config claude-code</code></li>
</ol>
</section>
</main>
<script>${script}</script>
</body>
</html>
`;
