import { exitCodes } from '../exit-codes.js';
import { createOutput } from '../output.js';
import { reportFailure } from '../report-failure.js';
import type { OwnedChild } from './owned-child.js';
import { runDemo } from './run-demo.js';

const out = createOutput(false, process.stdout, process.stderr);
const children: OwnedChild[] = [];
let stopping: Promise<void> | null = null;

/** Stops the newest first: the server finishes its calls while the MCP server behind it still answers. */
async function stopAll(): Promise<void> {
  for (const child of children.toReversed()) await child.stop();
}

function stopAndExit(code: number): Promise<never> {
  stopping ??= stopAll();
  return stopping.then(() => process.exit(code));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!stopping) out.note('\nStopping …');
    void stopAndExit(exitCodes.ok);
  });

try {
  const [upstream, server] = await runDemo(out, (child) => children.push(child));
  if (process.argv.includes('--once')) await stopAndExit(exitCodes.ok);
  out.result(null, '\nEverything stays up. Stop it with Ctrl-C.');
  await Promise.race([upstream?.ended, server?.ended]);
  if (!stopping) {
    out.note(`A program of the demo ended by itself.\n${children.map((child) => child.lastWords()).join('\n')}`);
    await stopAndExit(exitCodes.failed);
  }
} catch (error) {
  if (!stopping) await stopAndExit(reportFailure(error, out));
}
