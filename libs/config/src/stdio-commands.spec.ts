import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './load-config.js';

const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stdio-'));
let files = 0;

function load(content: unknown) {
  const file = path.join(folder, `${files++}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return loadConfig({ GATEHOUSE_STDIO_COMMANDS: file }).stdio.commands;
}
function problems(content: unknown): string {
  try {
    load(content);
  } catch (error) {
    return String(error);
  }
  return '';
}

describe('the allow list of commands', () => {
  it('[UPT-9] is empty where no file is named, and complete where one is', () => {
    expect(loadConfig({}).stdio.commands).toEqual({});
    expect(
      load({
        files: { command: '/usr/bin/files', args: ['--root', '/srv'], env: { KEY: 'x' }, cwd: '/srv' },
        git: { command: 'git-mcp' },
      }),
    ).toEqual({
      files: { command: '/usr/bin/files', args: ['--root', '/srv'], env: { KEY: 'x' }, cwd: '/srv' },
      git: { command: 'git-mcp', args: [], env: {}, cwd: null },
    });
  });

  it('[UPT-9] stops the start with everything that is wrong, and never with the value of a variable', () => {
    const text = problems({
      'sh -c': { command: 'sh' },
      empty: { command: '' },
      shell: { command: 'x', shell: true },
      where: { command: 'x', cwd: 'relative' },
      words: { command: 'x', args: 'a b' },
      secret: { command: 'x', env: { 'BAD-NAME': 'hunter2', NUMBER: 4711 } },
    });
    for (const part of [
      '"sh -c" is no name of a command',
      '"empty"."command" must not be empty',
      '"shell" has unknown members: shell',
      '"where"."cwd" must be an absolute path',
      '"words"."args" must be a list of texts',
      '"secret"."env"."BAD-NAME" must be names of variables',
      '"secret"."env"."NUMBER" must be text',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toMatch(/hunter2|4711/);
  });

  it('[UPT-9] says so when the file is missing, no JSON or no object', () => {
    expect(() => loadConfig({ GATEHOUSE_STDIO_COMMANDS: '/no/such/file' })).toThrow('cannot be read (ENOENT)');
    expect(problems('{')).toContain('is not JSON');
    expect(problems('[]')).toContain('the file must be a JSON object');
  });
});
