import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Operation } from './api/wait-for-operation.js';
import { createOutput } from './output.js';
import { reportOperation } from './report-operation.js';

const operation = (more: Partial<Operation>): Operation => ({
  id: 'x',
  kind: 'SYNC',
  state: 'SUCCEEDED',
  code: null,
  message: null,
  result: null,
  ...more,
});

function report(one: Operation): { stdout: string; stderr: string } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  reportOperation(createOutput(false, stdout, stderr), 'files', one);
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { stdout: text(stdout), stderr: text(stderr) };
}

describe('reportOperation [CLI-4]', () => {
  it('counts what a sync found', () => {
    const result = {
      tools: { added: 2, changed: 0, removed: 1, unchanged: 11 },
      resourceTemplates: { added: 0, changed: 0, removed: 0, unchanged: 2 },
      warnings: ['one tool has no name'],
    };
    expect(report(operation({ result }))).toEqual({
      stdout: 'Read the catalogue of files: 13 tools (2 added, 1 removed), 2 resource templates.\n',
      stderr: 'warning: one tool has no name\n',
    });
  });

  it('names the facts of a check', () => {
    const result = { upstream: 'files', era: 'LEGACY', latencyMs: 8 };
    expect(report(operation({ kind: 'CHECK', result })).stdout).toBe('Checked files: era LEGACY, latency ms 8.\n');
  });

  it('ends with 1 when it failed or is not over', () => {
    expect(() => report(operation({ state: 'FAILED', code: 'UPSTREAM_REFUSED', message: 'refused.' }))).toThrow(
      'files: refused.',
    );
    expect(() => report(operation({ state: 'PENDING' }))).toThrow('files: the worker has not answered yet.');
  });
});
