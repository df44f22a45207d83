import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, isIPv4, type LookupFunction } from 'node:net';
import { DomainError } from '#kernel';
import { effectiveAddress, isPublicAddress } from './address-ranges.js';
import { parseAllowedHosts } from './parse-allowed-hosts.js';

/** Finds every address of a host name; the default is the resolver of the machine. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Decides which addresses may be dialled. */
export interface AddressGuard {
  /** Refuses a URL that is not http(s), or whose host is a literal address that is not allowed. Resolves nothing. */
  assertUrl(url: URL): void;
  /** True when a connection to `address`, reached under the name `hostname`, is allowed on `port`. */
  allows(hostname: string, port: number, address: string): boolean;
  /** A `lookup` for `net.connect` that fails unless **every** address of the name is allowed on `port`. */
  lookupFor(port: number): LookupFunction;
}

const bare = (hostname: string) =>
  hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();

/** The port that a URL dials. */
export const portOf = (url: URL): number =>
  url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);

const refusal = (hostname: string, port: number, address: string) =>
  new DomainError(
    'UPSTREAM_BLOCKED_ADDRESS',
    `${hostname === address ? `The address ${address}` : `The host ${hostname} (${address})`} is private, local or reserved, and not on the allow list. If it is meant, add "${hostname.includes(':') ? `[${hostname}]` : hostname}" or "${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}" to GATEHOUSE_OUTBOUND_ALLOWED_HOSTS.`,
    { details: { host: hostname, port } },
  );

/**
 * The guard against server-side request forgery: public unicast addresses are allowed, everything else only when the
 * allow list (setting `outbound.allowedHosts`) names it. The check of names happens at connect time, on the addresses
 * that are then dialled, so a name that changes its address between check and use (DNS rebinding) gains nothing.
 */
export function createAddressGuard(
  allowedHosts: readonly string[],
  resolveAll: ResolveAll = (hostname, options, callback) => dnsLookup(hostname, options, callback),
): AddressGuard {
  const entries = parseAllowedHosts(allowedHosts);

  const allows = (hostname: string, port: number, address: string): boolean => {
    const effective = effectiveAddress(address);
    if (isPublicAddress(effective)) return true;
    const name = bare(hostname);
    const family = isIPv4(effective) ? 'ipv4' : 'ipv6';
    return entries.some(
      (entry) =>
        (entry.port === null || entry.port === port) &&
        (entry.name === null ? (entry.network?.check(effective, family) ?? false) : entry.name === name),
    );
  };

  return {
    allows,
    assertUrl(url) {
      if (url.protocol !== 'http:' && url.protocol !== 'https:')
        throw new DomainError('BAD_USER_INPUT', `The URL must begin with http:// or https://, not ${url.protocol}//.`, {
          field: 'url',
        });
      const host = bare(url.hostname);
      if (isIP(host) !== 0 && !allows(host, portOf(url), host)) throw refusal(host, portOf(url), host);
    },
    lookupFor: (port) => (hostname, options, callback) => {
      resolveAll(hostname, { ...options, all: true }, (error, addresses) => {
        const first = addresses?.[0];
        if (error || !first) {
          callback(error ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 4);
          return;
        }
        const refused = addresses.find(({ address }) => !allows(hostname, port, address));
        if (refused) callback(refusal(bare(hostname), port, refused.address), '', 4);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
  };
}
