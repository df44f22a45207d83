import { readFileSync } from 'node:fs';
import { getCACertificates, type ConnectionOptions } from 'node:tls';
import { invalidUrl, type DatabaseUrl } from './parse-database-url.js';

const modes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type TlsMode = (typeof modes)[number];

/** What the URL asks of TLS: no TLS, TLS with these options, or TLS only where the server has it (`optional`). */
export interface TlsChoice {
  readonly ssl: false | ConnectionOptions;
  readonly optional: boolean;
}

function chosenMode(url: DatabaseUrl, setting: string): TlsMode {
  const text =
    url.params.get('sslmode') ?? (['true', '1'].includes(url.params.get('ssl') ?? '') ? 'require' : 'prefer');
  const mode = modes.find((known) => known === text);
  if (!mode) throw invalidUrl(setting, `sslmode "${text}" is unknown; use ${modes.join(', ')}.`);
  return mode;
}

/**
 * The TLS options of a database URL with the meaning that libpq documents (and pg 8 does not give):
 * `prefer` (default) encrypts where the server can, unverified; `require` encrypts, unverified unless `sslrootcert` is
 * given; `verify-ca` checks the authority; `verify-full` also the host name (against Node's authorities without
 * `sslrootcert`). Unix sockets never use TLS. CONFIGURATION_INVALID for an unknown mode or an unreadable file.
 * https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export function tlsOptions(url: DatabaseUrl, setting: string): TlsChoice {
  const mode = chosenMode(url, setting);
  if (mode === 'disable' || url.host.startsWith('/')) return { ssl: false, optional: false };
  const read = (name: string): string | undefined => {
    const file = url.params.get(name);
    if (!file) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch (cause) {
      throw invalidUrl(setting, `${name} names ${file}, which cannot be read.`, cause);
    }
  };
  const system = url.params.get('sslrootcert') === 'system';
  if (system && mode !== 'verify-full') throw invalidUrl(setting, 'sslrootcert=system needs sslmode=verify-full.');
  const ca = system ? getCACertificates('system') : read('sslrootcert');
  const cert = read('sslcert');
  const key = read('sslkey');
  if ((cert === undefined) !== (key === undefined))
    throw invalidUrl(setting, 'sslcert and sslkey must be given together.');
  if (mode === 'verify-ca' && ca === undefined) {
    throw invalidUrl(
      setting,
      'sslmode=verify-ca needs sslrootcert; any public authority could vouch for any server otherwise.',
    );
  }
  const client = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert, key }) };
  if (mode === 'verify-full') {
    // `host` is what Node compares with the certificate when no server name is sent, as with an IP address.
    return { ssl: { ...client, rejectUnauthorized: true, host: url.host }, optional: false };
  }
  if (mode === 'verify-ca' || (mode === 'require' && ca !== undefined)) {
    return { ssl: { ...client, rejectUnauthorized: true, checkServerIdentity: () => undefined }, optional: false };
  }
  return { ssl: { ...client, rejectUnauthorized: false }, optional: mode === 'prefer' };
}
