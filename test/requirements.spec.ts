import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownOpen, requirements } from './requirements.js';
import { projectFiles, projectRoot } from './project-files.js';

/** Ids cited as `[ID]` inside a quoted text; comments do not count, because they prove nothing. */
function citedIds(source: string): string[] {
  const code = source.replaceAll(/(^|\s)\/\*[\s\S]*?\*\//g, '$1').replaceAll(/^\s*\/\/.*$/gm, '');
  const lines = code.split('\n').filter((line) => /['"`].*\[[A-Z]+-\d+\]/.test(line));
  return lines.flatMap((line) => [...line.matchAll(/\[([A-Z]{2,6}-\d+)\]/g)].map((match) => match[1] ?? ''));
}

/** Compares the list with the citations; each answer names the ids at fault. */
function coverage(ids: readonly string[], open: readonly string[], cited: ReadonlySet<string>) {
  return {
    uncited: ids.filter((id) => !cited.has(id) && !open.includes(id)),
    unknown: [...cited].filter((id) => !ids.includes(id)),
    citedButOpen: open.filter((id) => cited.has(id)),
    openButUnknown: open.filter((id) => !ids.includes(id)),
  };
}

describe('requirements', () => {
  const ids = requirements.map(({ id }) => id);

  it('has unique, well-formed ids, and every entry names its source', () => {
    expect(new Set(ids).size).toBe(ids.length);
    const malformed = requirements.filter(
      ({ id, source, behaviour }) => !/^[A-Z]{2,6}-\d+$/.test(id) || source.length < 4 || behaviour.includes('\n'),
    );
    expect(malformed).toEqual([]);
  });

  it('has a test that cites every id, and no test cites an id that is not listed', () => {
    const specs = projectFiles('apps', 'libs', 'test').filter(
      (file) => file.endsWith('.spec.ts') && file !== 'test/requirements.spec.ts',
    );
    const cited = new Set(specs.flatMap((file) => citedIds(readFileSync(path.join(projectRoot, file), 'utf8'))));
    expect(coverage(ids, knownOpen, cited)).toEqual({ uncited: [], unknown: [], citedButOpen: [], openButUnknown: [] });
  });

  it('finds citations in test names only', () => {
    const source = ["it('works [GW-1]')", 'it(`each ${x} [GW-2]`)', '// [GW-3]', '/* "[GW-4]" */', 'a[GW-5]'].join(
      '\n',
    );
    expect(citedIds(source)).toEqual(['GW-1', 'GW-2']);
  });

  it('reports an uncited id, an unknown id and an open id that is cited', () => {
    expect(coverage(['GW-1', 'GW-2'], ['GW-2', 'GW-9'], new Set(['GW-2', 'GW-3']))).toEqual({
      uncited: ['GW-1'],
      unknown: ['GW-3'],
      citedButOpen: ['GW-2'],
      openButUnknown: ['GW-9'],
    });
  });
});
