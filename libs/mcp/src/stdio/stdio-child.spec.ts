import { afterEach, describe, expect, it, vi } from 'vitest';
import { StdioChild } from './stdio-child.js';

const started: StdioChild[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.kill()));
});

function start(command: string, args: readonly string[], maxBytes: number) {
  const lines: string[] = [];
  const limits = { maxBytes, killGraceMs: 100, stderrBytes: 1000 };
  const child = new StdioChild({ command, args, cwd: null, env: {} }, limits, () => undefined);
  child.listen({ onLine: (line) => void lines.push(line.toString()), onEnd: () => undefined });
  started.push(child);
  return { child, lines };
}

describe('StdioChild', () => {
  it('writes lines of one turn together, in their order, whatever form they have', async () => {
    const { child, lines } = start('cat', [], 1_000_000);
    const sent = Array.from({ length: 500 }, (_, index) => `${index} é`);
    for (const [index, line] of sent.entries()) expect(child.write(index % 2 ? line : Buffer.from(line))).toBe(true);
    await vi.waitFor(() => expect(lines).toEqual(sent));
    child.write('later');
    await vi.waitFor(() => expect(lines.at(-1)).toBe('later'));
  });

  it('does not hold a burst against a child that has had no turn to read it', () => {
    const { child } = start('cat', [], 10_000);
    // Far more than the limit, and less than the pipe takes.
    for (let line = 0; line < 40; line++) expect(child.write('x'.repeat(999))).toBe(true);
  });

  it('writes no more to a child that does not read', () => {
    const { child } = start('sleep', ['60'], 10_000);
    const refused = Array.from({ length: 5000 }, () => child.write('x'.repeat(999))).filter((taken) => !taken);
    expect(refused.length).toBeGreaterThan(3000);
  });
});
