import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Everything that is not plain public unicast: IANA special-purpose registries (RFC 6890), plus the metadata address
 * that lies in public space (168.63.129.16).
 */
// Two lists, because one list matches IPv4 against the IPv6 networks through ::ffff:0:0/96.
const blockedIpv4 = new BlockList();
const blockedIpv6 = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  blockedIpv4.addSubnet(network, prefix, 'ipv4');
// Global unicast is 2000::/3 only; the other seven eighths hold loopback, ULA, link-local, site-local and multicast.
for (const [network, prefix] of [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
] as const)
  blockedIpv6.addSubnet(network, prefix, 'ipv6');

/** The 16 bytes of an IPv6 address, zone removed; the WHATWG parser knows every spelling, dotted tails included. */
function ipv6Bytes(address: string): number[] {
  const text = new URL(`http://[${address.split('%', 1)[0] ?? ''}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...middle, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}

const startsWith = (bytes: readonly number[], prefix: readonly number[]) =>
  prefix.every((byte, index) => bytes[index] === byte);

const NAT64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const SIX_TO_FOUR = [0x20, 0x02];

/**
 * The address that a packet to `address` reaches in the end: the IPv4 address inside an IPv4-mapped, NAT64
 * (RFC 6052) or 6to4 (RFC 3056) one, else the address itself without its zone.
 */
export function effectiveAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const bytes = ipv6Bytes(address);
  if (startsWith(bytes, MAPPED) || startsWith(bytes, NAT64)) return bytes.slice(12).join('.');
  if (startsWith(bytes, SIX_TO_FOUR)) return bytes.slice(2, 6).join('.');
  return address.split('%', 1)[0] ?? address;
}

/** True for an effective address that is ordinary public unicast; anything that is no IP address is not. */
export const isPublicAddress = (address: string): boolean => {
  if (isIPv4(address)) return !blockedIpv4.check(address, 'ipv4');
  return isIPv6(address) && !blockedIpv6.check(address, 'ipv6');
};
