import { closeSync, openSync, readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { LineOutput } from './line-output.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-line-output-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `use` on an output to a file that is opened for writing. */
async function withOutput(file: string, use: (output: LineOutput) => Promise<void> | void): Promise<void> {
  const descriptor = openSync(file, 'a');
  try {
    await use(new LineOutput(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

describe('line output', () => {
  it('writes every line, in order, without being asked to', async () => {
    const file = path.join(folder, 'all');
    const lines = Array.from({ length: 1000 }, (_, at) => `line ${at} ☕\n`);
    await withOutput(file, async (output) => {
      for (const line of lines) output.write(line);
      await vi.waitUntil(() => readFileSync(file, 'utf8').endsWith('line 999 ☕\n'));
    });
    expect(readFileSync(file, 'utf8')).toBe(lines.join(''));
  });

  it('has written what waited when a flush returns', async () => {
    const file = path.join(folder, 'flushed');
    await withOutput(file, async (output) => {
      output.write('first\n');
      await vi.waitUntil(() => readFileSync(file, 'utf8') === 'first\n');
      output.flushSync();
      expect(readFileSync(file, 'utf8')).toBe('first\n');
    });
    await withOutput(file, (output) => {
      output.write('second\n');
      output.write('third\n');
      output.flushSync();
      expect(readFileSync(file, 'utf8')).toContain('third\n');
    });
  });

  it.runIf(process.platform === 'linux')('loses lines, and no time, where nothing can be written', async () => {
    await withOutput('/dev/full', async (output) => {
      const began = performance.now();
      for (let at = 0; at < 10; at += 1) {
        output.write('one\n');
        output.write('two\n');
        output.flushSync();
      }
      expect(performance.now() - began).toBeLessThan(500);
      // The writes under way end before the descriptor is closed.
      await new Promise((resolve) => void setImmediate(resolve));
    });
  });
});
