import type { Config } from '#config';
import type { PublicUrls } from '../dependencies.js';

/**
 * The origins of the services: as configured, else loopback. `port()` is asked late, because port 0 becomes a real one
 * only when the listener is open. No Host header is ever asked (ARCHITECTURE.md §4.5).
 */
export function publicUrlsOf({ controlPlane, gateway }: Config, port: () => number): PublicUrls {
  return {
    get controlPlane() {
      return controlPlane.publicUrl ?? `http://127.0.0.1:${port()}`;
    },
    gateway: gateway.publicUrls[0] ?? `http://127.0.0.1:${gateway.port}`,
  };
}

/** The browser origins that may send requests: the public URL; without one, both names of the loopback. */
export function ownOrigins({ controlPlane }: Config, port: number): string[] {
  const { publicUrl } = controlPlane;
  return publicUrl ? [publicUrl] : [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}
