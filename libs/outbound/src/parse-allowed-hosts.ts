import { BlockList, isIP } from 'node:net';
import { DomainError } from '#kernel';

/** One parsed entry of the allow list; `port` null means every port. */
export interface AllowedHost {
  readonly port: number | null;
  /** Lower-case host name, or null when the entry is an address or a network. */
  readonly name: string | null;
  readonly network: BlockList | null;
}

const fault = (entry: string, problem: string): never => {
  throw new DomainError(
    'CONFIGURATION_INVALID',
    `GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: "${entry}" ${problem}. Write a network (10.1.0.0/16), an address (127.0.0.1, [::1]) or a host name (mcp.internal), each optionally with :port.`,
    { field: 'outbound.allowedHosts' },
  );
};

/** Splits off `:port`; IPv6 needs brackets for that, as in a URL. */
function splitPort(entry: string): { target: string; port: number | null } {
  const bracketed = /^\[([^\]]+)\](\/\d+)?(?::(\d+))?$/.exec(entry);
  if (bracketed) return { target: `${bracketed[1]}${bracketed[2] ?? ''}`, port: toPort(entry, bracketed[3]) };
  if (isIP(entry.split('/', 1)[0] ?? '') === 6) return { target: entry, port: null };
  const plain = /^([^:]+)(?::(.*))?$/.exec(entry);
  if (!plain) return fault(entry, 'is not a host');
  return { target: plain[1] ?? '', port: toPort(entry, plain[2]) };
}

function toPort(entry: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : fault(entry, 'has no valid port');
}

function parseEntry(entry: string): AllowedHost {
  const { target, port } = splitPort(entry);
  const [address = '', prefix, ...rest] = target.split('/');
  const family = isIP(address);
  if (family !== 0) {
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : bits + 1;
    if (rest.length > 0 || length > bits) fault(entry, 'has no valid network length');
    const network = new BlockList();
    network.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
    return { port, name: null, network };
  }
  if (!/^(?!-)[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)*\.?$/u.test(target) || !URL.canParse(`http://${target}/`))
    return fault(entry, 'is neither a network, an address nor a host name');
  const name = new URL(`http://${target}/`).hostname.replace(/\.$/, '');
  // WHATWG reads `127.1` or `0x7f000001` as an address; an allow list should say what it means.
  if (isIP(name) !== 0) fault(entry, `is another spelling of ${name}; write that`);
  return { port, name, network: null };
}

/** Parses the setting `outbound.allowedHosts`; a malformed entry is refused with CONFIGURATION_INVALID that names it. */
export const parseAllowedHosts = (entries: readonly string[]): readonly AllowedHost[] =>
  entries.map((entry) => parseEntry(entry.trim()));
