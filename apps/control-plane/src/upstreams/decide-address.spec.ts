import { describe, expect, it } from 'vitest';
import { assertAllowedCommand, decideAddress, type Address, type AddressInput } from './decide-address.js';

const url = 'https://mcp.example.com/mcp';
const http: Address = { transport: 'STREAMABLE_HTTP', url, command: null, shared: false };
const stdio: Address = { transport: 'STDIO', url: null, command: 'files', shared: true };

describe('decideAddress', () => {
  it.each<[string, AddressInput, Address | null, Address]>([
    ['an address', { url }, null, http],
    ['an address of the older transport', { transport: 'SSE', url }, null, { ...http, transport: 'SSE' }],
    ['a command', { transport: 'STDIO', command: 'files' }, null, { ...stdio, shared: false }],
    ['a shared command', { transport: 'STDIO', command: 'files', shared: true }, null, stdio],
    ['nothing said', {}, http, http],
    ['nothing said of a command', { authSecret: null, headers: [] }, stdio, stdio],
    ['another transport at the same address', { transport: 'SSE' }, http, { ...http, transport: 'SSE' }],
    ['another command', { command: 'git' }, stdio, { ...stdio, command: 'git' }],
    ['a command for an address', { transport: 'STDIO', command: 'files' }, http, { ...stdio, shared: false }],
    ['an address for a command', { transport: 'STREAMABLE_HTTP', url }, stdio, http],
  ])('[UPT-1] takes %s', (_, input, before, expected) => {
    expect(decideAddress(input, before)).toEqual(expected);
  });

  it.each<[string, string, AddressInput, Address | null]>([
    ['no address', 'url', {}, null],
    ['no address when a command goes', 'url', { transport: 'SSE' }, stdio],
    ['no command', 'command', { transport: 'STDIO' }, null],
    ['no command when an address goes', 'command', { transport: 'STDIO' }, http],
    ['an address beside a command', 'url', { transport: 'STDIO', command: 'files', url }, null],
    ['an address for what has a command', 'url', { url }, stdio],
    ['a command beside an address', 'command', { url, command: 'files' }, null],
    ['a command for what has an address', 'command', { command: 'files' }, http],
    ['a shared address', 'shared', { url, shared: true }, null],
    ['a credential for a process', 'authSecret', { transport: 'STDIO', command: 'files', authSecret: 's' }, null],
    ['the header of one', 'authHeader', { authHeader: 'X-Key' }, stdio],
    ['headers for a process', 'headers', { headers: [{}] }, stdio],
    ['headers of clients for a process', 'forwardedHeaders', { forwardedHeaders: [{}] }, stdio],
  ])('[UPT-1] refuses %s', (_, field, input, before) => {
    expect(() => decideAddress(input, before)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field }));
  });
});

describe('assertAllowedCommand', () => {
  it('[UPT-2] knows the names of the list and nothing that every object has', () => {
    expect(() => assertAllowedCommand('files', { files: {} })).not.toThrow();
    for (const command of ['git', 'constructor', 'toString']) {
      expect(() => assertAllowedCommand(command, { files: {} })).toThrow(
        expect.objectContaining({
          ...{ code: 'COMMAND_NOT_ALLOWED', field: 'command' },
          message: expect.stringContaining('GATEHOUSE_STDIO_COMMANDS'),
        }),
      );
    }
  });
});
