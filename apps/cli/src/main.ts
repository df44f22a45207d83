#!/usr/bin/env node

/** The oldest Node that the libraries run on; `npm run gatehouse` brings its own. */
const oldestNode = 24;

if (Number(process.versions.node.split('.')[0]) < oldestNode) {
  console.error(`error: gatehouse needs Node ${oldestNode} or newer, and this is ${process.versions.node}.`);
  console.error('  Run it as `npm run --silent gatehouse -- …`, which uses the Node that npm ci installed.');
  process.exitCode = 1;
} else {
  // A reader that closes the pipe early (`gatehouse … | head`) is no error.
  process.stdout.on('error', () => process.exit(0));
  const { runCli } = await import('./run-cli.js');
  process.exitCode = await runCli(process.argv.slice(2));
}
