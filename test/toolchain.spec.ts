import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from './project-files.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-toolchain-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(projectRoot, 'scripts', name), ...args], {
    cwd: options.cwd ?? projectRoot,
    env: options.env ?? { PATH: process.env.PATH ?? '' },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('check-test-parts [TOOL-3]', () => {
  const program = (name: string) => {
    const file = path.join(folder, 'bin', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
  };
  const check = (env: Record<string, string>) =>
    script('check-test-parts.mjs', [], { env: { PATH: path.join(folder, 'bin'), ...env } });

  beforeEach(() => {
    rmSync(path.join(folder, 'bin'), { recursive: true, force: true });
    program('chromium');
  });

  it('stops with the exact line that installs what is missing', () => {
    const { status, stderr } = check({ GATEHOUSE_TEST_WITHOUT: 'postgresql-15' });
    expect(status).toBe(1);
    expect(stderr).toContain('\napt-get install -y --no-install-recommends redis-server openssl\n');
  });

  it('goes on when GATEHOUSE_TEST_WITHOUT names every missing part, and says so', () => {
    program('redis-server');
    const { status, stderr } = check({ GATEHOUSE_TEST_WITHOUT: 'openssl, postgresql-15' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'Tests left out on request: openssl, postgresql-15.\n' });
  });

  it('refuses GATEHOUSE_TEST_WITHOUT in CI, and names that are no parts', () => {
    expect(check({ GATEHOUSE_TEST_WITHOUT: 'openssl', CI: 'true' })).toMatchObject({ status: 1 });
    expect(check({ GATEHOUSE_TEST_WITHOUT: 'redis' }).stderr).toContain('names redis; the parts are redis-server,');
  });
});

describe('check-schema-breaking [TOOL-4]', () => {
  let repository: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: repository,
      stdio: 'pipe',
    });
  const schema = (fields: string) =>
    writeFileSync(path.join(repository, 'schema.graphql'), `type Query { ${fields} }\n`);
  const check = (...args: string[]) =>
    script('check-schema-breaking.mjs', args, { cwd: repository, env: { PATH: process.env.PATH ?? '' } });

  beforeEach(() => {
    repository = mkdtempSync(path.join(folder, 'repository-'));
    git('init', '--quiet', '--initial-branch', 'main');
    git('commit', '--quiet', '--allow-empty', '--message', 'start');
  });
  const release = (fields: string) => {
    schema(fields);
    git('add', '.');
    git('commit', '--quiet', '--message', 'schema');
  };

  it('fails on a removed field and names it', () => {
    release('a: Int b: Int');
    schema('a: Int');
    const { status, stderr } = check('HEAD');
    expect(status).toBe(1);
    expect(stderr).toContain('FIELD_REMOVED: Query.b was removed.');
  });

  it('fails on a changed type and on a new required argument', () => {
    release('a: Int b: Int');
    schema('a: String b(c: Int!): Int');
    expect(check('HEAD').stdout).toContain('2 breaking change(s)');
  });

  it('passes an addition, and the removal of a field that was deprecated', () => {
    release('a: Int b: Int @deprecated(reason: "use a")');
    schema('a: Int c: Int');
    expect(check('HEAD')).toMatchObject({ status: 0, stderr: '' });
  });

  it('compares a branch with the commit where it left main', () => {
    release('a: Int b: Int');
    git('checkout', '--quiet', '-b', 'feature');
    release('a: Int');
    release('a: Int c: Int');
    expect(check()).toMatchObject({ status: 1 });
  });

  it('says so and passes when there is no baseline', () => {
    schema('a: Int');
    expect(check()).toMatchObject({ status: 0, stdout: expect.stringContaining('no baseline') as string });
  });

  it('refuses a base that is no commit', () => {
    schema('a: Int');
    expect(check('nowhere')).toMatchObject({ status: 2 });
  });
});

describe('readme-command', () => {
  const command = (markdown: string) => {
    const file = path.join(folder, 'README.md');
    writeFileSync(file, markdown);
    return script('readme-command.mjs', ['test', file]);
  };

  it('prints the block under the marker', () => {
    const markdown = '# T\n\n```sh\nno\n```\n\n<!-- command:test -->\n\n```sh\nnpm ci && npm test\n```\n';
    expect(command(markdown)).toMatchObject({ status: 0, stdout: 'npm ci && npm test\n' });
  });

  it('fails without a marker', () => {
    expect(command('# T\n\n```sh\nnpm test\n```\n')).toMatchObject({ status: 1, stdout: '' });
  });
});
