import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concerns, type Concern } from '#config';
import { errorCodes } from '#kernel';
import { plantedLegal, plantedViolations } from './planted-violations.js';
import { projectFiles, projectRoot } from './project-files.js';

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}
interface CruiseSummary {
  readonly violations: readonly Violation[];
  readonly totalCruised: number;
  readonly totalDependenciesCruised: number;
}

const boundaryConfig = path.join(projectRoot, '.dependency-cruiser.cjs');
const read = (file: string) => readFileSync(path.join(projectRoot, file), 'utf8');

function cruise(cwd: string): CruiseSummary {
  const binary = path.join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const folders = ['apps', 'libs', 'test', 'bench'].filter((folder) => existsSync(path.join(cwd, folder)));
  const args = [binary, '--config', boundaryConfig, '--output-type', 'json', ...folders];
  const options = { cwd, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 } as const;
  let output: string;
  try {
    output = execFileSync(process.execPath, args, options);
  } catch (error) {
    // The exit code is the number of violations; the report is on stdout all the same.
    output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    if (output === '') throw error;
  }
  return (JSON.parse(output) as { summary: CruiseSummary }).summary;
}

/** Code without comments, so that a name in prose does not count as a use. */
const withoutComments = (code: string) =>
  code.replaceAll(/(^|\s)\/\*[\s\S]*?\*\//g, '$1').replaceAll(/^\s*\/\/.*$/gm, '');

const productFiles = projectFiles('apps', 'libs').filter(
  (file) => /\/src\/.*\.(ts|tsx)$/.test(file) && !/\.spec\.tsx?$/.test(file),
);
const productCode = new Map(productFiles.map((file) => [file, withoutComments(read(file))]));
const codeOutside = (skip: RegExp) =>
  [...productCode].flatMap(([file, code]) => (skip.test(file) ? [] : [code])).join('\n');

describe('boundaries', () => {
  it('hold in the whole tree, with no cycle [TOOL-2]', () => {
    const { violations, totalCruised, totalDependenciesCruised } = cruise(projectRoot);
    const cycles = violations.filter(({ rule }) => rule.name === 'no-circular');
    console.log(`modules ${totalCruised}, edges ${totalDependenciesCruised}, cycles = ${cycles.length}`);
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });

  describe('on a tree with planted violations', () => {
    let root: string;
    let violations: readonly Violation[];
    const ruleNames = (
      createRequire(import.meta.url)(boundaryConfig) as { forbidden: readonly { name: string }[] }
    ).forbidden.map(({ name }) => name);

    beforeAll(() => {
      root = realpathSync(mkdtempSync(path.join(tmpdir(), 'gatehouse-boundaries-')));
      plantTree(root);
      violations = cruise(root).violations;
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    it('every rule has a planted violation, and no violation is planted for an unknown rule', () => {
      expect([...new Set(plantedViolations.map(({ rule }) => rule))].sort()).toEqual([...ruleNames].sort());
    });

    it.each(plantedViolations)('$rule fires on $file [TOOL-2]', ({ rule, file }) => {
      expect(
        violations.filter((violation) => violation.from === file).map((violation) => violation.rule.name),
      ).toContain(rule);
    });

    it.each(Object.keys(plantedLegal))('no rule fires on the allowed imports of %s', (file) => {
      expect(violations.filter((violation) => violation.from === file)).toEqual([]);
    });
  });
});

function plantTree(root: string): void {
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  const manifest = JSON.parse(read('package.json')) as {
    imports: Record<string, unknown>;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  const libs = [...Object.keys(manifest.imports).map((name) => name.slice(1)), 'guardrails'];
  const apps = ['control-plane', 'gateway', 'worker'];
  for (const lib of libs) write(`libs/${lib}/src/index.ts`, 'export const a = 1;\n');
  for (const app of apps) write(`apps/${app}/src/bootstrap.ts`, 'export const a = 1;\n');
  for (const file of ['libs/authz/src/inner', 'apps/gateway/src/inner', 'test/planted-helper'])
    write(`${file}.ts`, 'export const a = 1;\n');
  for (const name of ['left-pad', ...Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })]) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  const imports = Object.fromEntries(
    libs.map((lib) => [`#${lib}`, { 'gatehouse-source': `./libs/${lib}/src/index.ts` }]),
  );
  write('package.json', JSON.stringify({ ...manifest, imports }));
  write('tsconfig.json', read('tsconfig.json'));
  for (const { file, code, also } of plantedViolations) {
    write(file, code);
    for (const [name, text] of Object.entries(also ?? {})) write(name, text);
  }
  for (const [file, code] of Object.entries(plantedLegal)) write(file, code);
}

describe('files', () => {
  it('no product file is over 400 lines', () => {
    const sizes = productFiles.map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
    const sorted = sizes.map(({ lines }) => lines).sort((left, right) => left - right);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    console.log(`${sorted.length} product files: median ${at(0.5)}, p95 ${at(0.95)}, max ${sorted.at(-1)} lines`);
    expect(sizes.filter(({ lines }) => lines > 400)).toEqual([]);
  });

  it.each(readdirSync(path.join(projectRoot, 'libs')))(
    'lib %s has a README of its job and an explicit front door',
    (lib) => {
      const readme = read(`libs/${lib}/README.md`);
      for (const part of [/owns/i, /may import/i, /not for/i]) expect(readme).toMatch(part);
      expect(read(`libs/${lib}/src/index.ts`)).not.toMatch(/export\s*\*/);
    },
  );

  it('index.ts exists only as the front door of a lib', () => {
    expect(
      productFiles.filter((file) => file.endsWith('/index.ts') && !/^libs\/[^/]+\/src\/index\.ts$/.test(file)),
    ).toEqual([]);
  });

  it('no folder is called common, utils, shared, core or helpers', () => {
    expect(productFiles.filter((file) => /\/(common|utils?|shared|core|helpers?)\//.test(file))).toEqual([]);
  });

  it('apps listen on HTTP but do not dial: outgoing requests go through libs/outbound', () => {
    const dials = /\bhttps?\.(request|get)\s*\(|import\s*\{[^}]*\b(request|get)\b[^}]*\}\s*from\s*'node:https?'/;
    expect(
      [...productCode].filter(([file, code]) => file.startsWith('apps/') && dials.test(code)).map(([file]) => file),
    ).toEqual([]);
  });

  it('nothing names a path of the machine it was written on', () => {
    const foreign = /[/](work[/](main|shared|\.library)|tmp[/]brief|Users[/]\w)/;
    const text = /\.(ts|tsx|mjs|cjs|js|json|md|ya?ml|sql|graphql|txt|sh)$|(^|\/)[^./]+$|^\.[^/]+$/;
    const files = projectFiles().filter((file) => text.test(file));
    expect(files.filter((file) => foreign.test(read(file)))).toEqual([]);
  });
});

describe('declarations are used', () => {
  const settings = Object.entries<Concern>(concerns).flatMap(([name, { settings: keys }]) =>
    Object.keys(keys).map((key) => ({ name, key })),
  );

  it('every declared setting is read outside libs/config [CFG-4]', () => {
    const code = codeOutside(/^libs\/config\//);
    const unread = settings.filter(({ name, key }) => {
      const accessed = new RegExp(String.raw`\b${name}\??\s*\.\s*${key}\b`);
      const destructured = new RegExp(String.raw`\{[^{}]*\b${key}\b[^{}]*\}\s*=\s*(?:[\w$]+\??\.)*${name}\b`);
      return !accessed.test(code) && !destructured.test(code);
    });
    expect(unread.map(({ name, key }) => `${name}.${key}`)).toEqual([]);
  });

  it('every error code is used outside the registry', () => {
    const code = codeOutside(/^libs\/kernel\/src\/error-codes\.ts$/);
    const unused = Object.keys(errorCodes).filter((name) => !new RegExp(String.raw`['"\`.]${name}\b`).test(code));
    expect(unused).toEqual([]);
  });
});
