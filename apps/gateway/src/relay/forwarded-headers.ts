import type { IncomingHttpHeaders } from 'node:http';
import type { UpstreamTarget } from '#snapshot';

/** What belongs to the hop between client and gateway; no configuration passes it on. */
const ours = /^(authorization|cookie|proxy-authorization|dpop|host|connection|content-.*|transfer-encoding|mcp-.*)$/;

/** Adds what the upstream's configuration takes over from the client's headers; a credential of the client never is. */
export function addForwardedHeaders(
  headers: Record<string, string>,
  { authHeader, authSecret, forwardedHeaders }: UpstreamTarget,
  sent: Readonly<IncomingHttpHeaders>,
): void {
  if (forwardedHeaders.length === 0) return;
  const credential = authSecret === null ? null : (authHeader ?? 'authorization').toLowerCase();
  for (const { from, to } of forwardedHeaders) {
    const value = sent[from];
    if (typeof value === 'string' && !ours.test(from) && !ours.test(to) && to !== credential) headers[to] = value;
  }
}
