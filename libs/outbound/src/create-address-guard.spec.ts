import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { createAddressGuard, type ResolveAll } from './create-address-guard.js';

const lookup = (allowed: string[], hostname: string, addresses: string[], port = 80) => {
  const resolve: ResolveAll = (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  return new Promise<string>((ok, failed) => {
    createAddressGuard(allowed, resolve).lookupFor(port)(hostname, { all: false }, (error, address) =>
      error ? failed(error) : ok(typeof address === 'string' ? address : ''),
    );
  });
};

const literal =
  (url: string, allowed: string[] = []) =>
  () =>
    createAddressGuard(allowed).assertUrl(new URL(url));

describe('the address guard', () => {
  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://0/',
    'http://10.1.2.3/',
    'http://172.31.0.1/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://100.64.0.1/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://198.18.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://[ff02::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001::1]/',
    'http://[::127.0.0.1]/',
    'http://[fec0::1]/',
  ])('[CAT-5] refuses %s', (url) => {
    expect(literal(url)).toThrow(expect.objectContaining({ code: 'UPSTREAM_BLOCKED_ADDRESS' }));
  });

  it.each([
    'http://1.1.1.1/',
    'https://[2606:4700::1111]/',
    'http://[64:ff9b::101:101]/',
    'http://[2002:101:101::]/',
    'http://172.32.0.1/',
  ])('allows %s', (url) => {
    expect(literal(url)).not.toThrow();
  });

  it('refuses other schemes', () => {
    expect(literal('file:///etc/passwd')).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
  });

  it('[CAT-5] checks every address of a name at connect time', async () => {
    await expect(lookup([], 'a.example', ['1.1.1.1', '2.2.2.2'])).resolves.toBe('1.1.1.1');
    await expect(lookup([], 'a.example', ['1.1.1.1', '10.0.0.1'])).rejects.toMatchObject({
      code: 'UPSTREAM_BLOCKED_ADDRESS',
      message: expect.stringMatching(/a\.example \(10\.0\.0\.1\).*GATEHOUSE_OUTBOUND_ALLOWED_HOSTS/),
    });
    await expect(lookup([], 'a.example', ['::ffff:10.0.0.1'])).rejects.toBeInstanceOf(DomainError);
    await expect(lookup([], 'a.example', [])).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('honours networks, addresses, names and ports of the allow list', async () => {
    await expect(lookup(['10.0.0.0/8'], 'a.example', ['10.9.9.9'])).resolves.toBe('10.9.9.9');
    await expect(lookup(['10.0.0.0/8:443'], 'a.example', ['10.9.9.9'])).rejects.toBeInstanceOf(DomainError);
    await expect(lookup(['mcp.Internal'], 'MCP.internal.', ['fd00::1'])).resolves.toBe('fd00::1');
    await expect(lookup(['mcp.internal:8080'], 'mcp.internal', ['fd00::1'], 8080)).resolves.toBe('fd00::1');
    await expect(lookup(['mcp.internal'], 'other.internal', ['fd00::1'])).rejects.toBeInstanceOf(DomainError);
    expect(literal('http://127.0.0.1:3001/', ['127.0.0.1:3001'])).not.toThrow();
    expect(literal('http://127.0.0.1:3002/', ['127.0.0.1:3001'])).toThrow('not on the allow list');
    expect(literal('http://[::ffff:127.0.0.1]:3001/', ['127.0.0.1'])).not.toThrow();
    expect(literal('http://[::1]:3001/', ['[::1]:3001'])).not.toThrow();
    expect(literal('http://[fd00::5]/', ['fd00::/8'])).not.toThrow();
    expect(literal('http://[fd00::5]/', ['[fd00::]/8:80'])).not.toThrow();
  });

  it.each(['10.0.0.0/33', 'a b', 'http://x', 'x:0', 'x:99999', '127.1', '-x', '1.2.3.4/8/8', '', '*'])(
    'refuses the malformed entry "%s" by name',
    (entry) => {
      expect(() => createAddressGuard([entry])).toThrow(
        expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining(`"${entry}"`) }),
      );
    },
  );
});
