import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../project-files.js';

/** Runs statements that have a `logger`, once nobody reads standard output; answers how the process ended. */
async function logUnread(statements: string): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const program = `
    import { createLogger } from '#observability';
    const logger = createLogger({ level: 'info', service: 'test' });
    process.stdin.on('end', () => { ${statements} }).resume();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: projectRoot,
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await once(child.stdout.destroy(), 'close');
  child.stdin.end();
  const end = await ended;
  clearTimeout(late);
  return end;
}

describe('a process whose log nobody reads any more', () => {
  it.each([
    ['after a fatal line', "logger.info('one'); logger.fatal('two');"],
    ['after several', "logger.fatal('one'); logger.fatal('two');"],
    ['with lines that still wait', "logger.info('one'); logger.info('two'); process.exit(0);"],
  ])('ends all the same: %s', async (_when, statements) => {
    expect(await logUnread(statements)).toEqual({ code: 0, signal: null });
  });
});
