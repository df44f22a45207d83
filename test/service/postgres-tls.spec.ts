import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createPool } from '#postgres';
import { startTestCluster, type TestCluster } from '#testing';

const certificates = mkdtempSync(path.join(tmpdir(), 'gatehouse-tls-'));
const file = (name: string): string => path.join(certificates, name);
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: certificates, stdio: 'pipe' });

function authority(name: string): void {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
  );
}

function certificate(name: string, subject: string, extension: string): void {
  writeFileSync(file(`${name}.ext`), extension);
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    subject,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
}

let tls: TestCluster;

beforeAll(async () => {
  authority('ca');
  authority('other');
  certificate('server', '/CN=localhost', 'subjectAltName=DNS:localhost');
  certificate('client', '/CN=with_certificate', 'extendedKeyUsage=clientAuth');
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  tls = await startTestCluster({
    binFolder: inject('pgBinFolder'),
    settings: { ssl: 'on', ssl_ca_file: 'ca.crt' },
    files: { 'server.crt': read('server.crt'), 'server.key': read('server.key'), 'ca.crt': read('ca.crt') },
    hba: 'hostssl all with_certificate 127.0.0.1/32 cert\nhost all all 127.0.0.1/32 trust\nlocal all all trust\n',
  });
  await encrypted(url('127.0.0.1', 'disable'), 'CREATE ROLE with_certificate LOGIN');
});
afterAll(async () => {
  await tls?.stop();
  rmSync(certificates, { recursive: true, force: true });
});

const url = (host: string, mode: string, params = ''): string =>
  `postgres://postgres@${host}:${tls.port}/postgres?sslmode=${mode}${params}`;

/** Whether the server says that this connection is encrypted. */
async function encrypted(address: string, before?: string): Promise<boolean | undefined> {
  const pool = createPool({ url: address, max: 1 });
  try {
    if (before !== undefined) await pool.query(before);
    return (await pool.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))[0]?.ssl;
  } finally {
    await pool.end();
  }
}

describe('sslmode against a server with TLS', () => {
  it.each([
    { mode: 'disable', host: '127.0.0.1', root: '', ssl: false },
    { mode: 'prefer', host: '127.0.0.1', root: '', ssl: true },
    { mode: 'require', host: '127.0.0.1', root: '', ssl: true },
    { mode: 'require', host: '127.0.0.1', root: 'ca', ssl: true },
    { mode: 'verify-ca', host: '127.0.0.1', root: 'ca', ssl: true },
    { mode: 'verify-full', host: 'localhost', root: 'ca', ssl: true },
  ])('[DB-1] $mode to $host with root "$root": encrypted is $ssl', async ({ mode, host, root, ssl }) => {
    expect(await encrypted(url(host, mode, root && `&sslrootcert=${file(`${root}.crt`)}`))).toBe(ssl);
  });

  it.each([
    { mode: 'require', host: 'localhost', root: 'other', why: 'another authority' },
    { mode: 'verify-ca', host: 'localhost', root: 'other', why: 'another authority' },
    { mode: 'verify-full', host: 'localhost', root: 'other', why: 'another authority' },
    { mode: 'verify-full', host: 'localhost', root: '', why: 'an authority that nobody knows' },
    // Node compares with "localhost" when it sends no server name, which is the case for an address.
    { mode: 'verify-full', host: '127.0.0.1', root: 'ca', why: 'another host name' },
  ])('[DB-1] $mode to $host with root "$root" refuses $why', async ({ mode, host, root }) => {
    await expect(encrypted(url(host, mode, root && `&sslrootcert=${file(`${root}.crt`)}`))).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('sslrootcert'),
    });
  });

  it('[DB-1] shows its own certificate', async () => {
    const address = url('127.0.0.1', 'require').replace('postgres@', 'with_certificate@');
    expect(await encrypted(`${address}&sslcert=${file('client.crt')}&sslkey=${file('client.key')}`)).toBe(true);
    await expect(encrypted(address)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  });

  it('uses a Unix socket in both spellings, without TLS', async () => {
    const folder = encodeURIComponent(tls.socketFolder);
    expect(await encrypted(`postgres://postgres@/postgres?host=${folder}&port=${tls.port}&sslmode=require`)).toBe(
      false,
    );
    expect(await encrypted(`postgres://postgres@${folder}:${tls.port}/postgres`)).toBe(false);
  });
});

describe('sslmode against a server without TLS', () => {
  it('[DB-1] prefer, and no mode at all, do without', async () => {
    expect(await encrypted(`${inject('pgUrl')}?sslmode=prefer`)).toBe(false);
    expect(await encrypted(inject('pgUrl'))).toBe(false);
  });

  it.each(['require', 'verify-full'])('%s refuses', async (mode) => {
    await expect(encrypted(`${inject('pgUrl')}?sslmode=${mode}`)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('sslmode'),
    });
  });
});
