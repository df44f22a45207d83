import type { Config } from '#config';

/** The origins under which clients reach this gateway; nothing else is accepted or echoed (ARCHITECTURE.md §4.5). */
export interface PublicUrls {
  /** Never empty; the first is the canonical one. */
  readonly all: readonly string[];
  /** The OAuth authorization server: the control plane's public URL. */
  readonly authorizationServer: string;
  /** The public URL that a Host header names, or null. */
  byHost(host: string | undefined): string | null;
  /** Whether a browser page of this origin may call. */
  allowsOrigin(origin: string): boolean;
}

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** Reads the public URLs from the settings; without any, both names of the loopback with the port that is really used. */
export function publicUrlsOf(config: Config, port: number): PublicUrls {
  const { publicUrls, allowedOrigins } = config.gateway;
  const all = publicUrls.length > 0 ? publicUrls : [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
  const hosts = new Map<string, string>();
  for (const url of all) {
    const { host, port: ownPort, protocol } = new URL(url);
    const spellings = ownPort === '' ? [host, `${host}:${defaultPorts[protocol] ?? ''}`] : [host];
    for (const spelling of spellings) if (!hosts.has(spelling)) hosts.set(spelling, url);
  }
  const origins = new Set([...all, ...allowedOrigins]);
  return {
    all,
    authorizationServer: config.controlPlane.publicUrl ?? `http://127.0.0.1:${config.controlPlane.port}`,
    byHost: (host) => (host === undefined ? null : (hosts.get(host) ?? hosts.get(host.toLowerCase()) ?? null)),
    allowsOrigin: (origin) => origins.has(origin),
  };
}
