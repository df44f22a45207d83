import { constantTimeEqual, hmacHex, sha256Hex, type Keyring } from '#crypto';

/** Carries who hands a request over, to whom, and what that process knows of the client. */
export const hopHeader = 'x-gatehouse-hop';
/** Carries the proof of the process that answers. */
export const proofHeader = 'x-gatehouse-hop-proof';

/** A hop is believed this long before and after its time, so the clocks of two machines may differ by as much. */
export const hopWindowMs = 30_000;

/** What the sender of a hop says. Times are milliseconds since the epoch. */
export interface HopClaims {
  readonly from: string;
  readonly to: string;
  readonly at: number;
  readonly nonce: string;
  readonly ip: string | null;
  readonly publicUrl: string;
  readonly isCounted: boolean;
}

/** The request that a hop hands over. */
export interface HopRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Names and values in turns, as they travel. */
  readonly headers: readonly string[];
}

/** What a hop says when its signature is right; the body may still be another one. */
export interface OpenedHop {
  readonly claims: HopClaims;
  readonly bodyDigest: string;
  /** What the answer says to show that it comes from the process that was asked. */
  readonly proof: string;
}

/** Names that the two ends of one connection settle between them. */
const ofConnection = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding', hopHeader]);

/** Names in lower case and in order, because only the order of values of one name means anything. */
function canonicalHeaders(headers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = (headers[at] ?? '').toLowerCase();
    if (!ofConnection.has(name)) pairs.push([name, headers[at + 1] ?? '']);
  }
  return pairs.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
}

const macOf = (keyring: Keyring, { method, path, headers }: HopRequest, claims: string): string =>
  hmacHex(keyring.key('hops'), JSON.stringify(['gatehouse-hop-1', method, path, canonicalHeaders(headers), claims]));

const proofOf = (keyring: Keyring, mac: string, target: string): string =>
  hmacHex(keyring.key('hops'), JSON.stringify(['gatehouse-hop-proof-1', mac, target]));

/** The value of {@link hopHeader} for a request, and the proof that its answer must carry. */
export function signHop(
  keyring: Keyring,
  request: HopRequest,
  claims: HopClaims,
  body: Buffer,
): { readonly header: string; readonly proof: string } {
  const text = Buffer.from(JSON.stringify({ ...claims, bodyDigest: sha256Hex(body) })).toString('base64url');
  const mac = macOf(keyring, request, text);
  return { header: `${text}.${mac}`, proof: proofOf(keyring, mac, claims.to) };
}

/** What the header says if this instance signed it for exactly this request; else null. Never throws. */
export function openHop(keyring: Keyring, request: HopRequest, header: unknown): OpenedHop | null {
  if (typeof header !== 'string') return null;
  const dot = header.indexOf('.');
  const text = header.slice(0, Math.max(0, dot));
  const mac = macOf(keyring, request, text);
  if (!constantTimeEqual(mac, header.slice(dot + 1))) return null;
  // Signed, so this program wrote it and it parses.
  const { bodyDigest, ...claims } = JSON.parse(Buffer.from(text, 'base64url').toString()) as HopClaims & {
    readonly bodyDigest: string;
  };
  return { claims, bodyDigest, proof: proofOf(keyring, mac, claims.to) };
}
