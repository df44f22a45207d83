import type { Config } from '#config';
import type { PublicUrls } from '../dependencies.js';

/** The public URLs of the services: as configured, else loopback with the port that is really used. */
export function publicUrlsOf(config: Config, port: number): PublicUrls {
  const [gateway = `http://127.0.0.1:${config.gateway.port}`] = config.gateway.publicUrls;
  return { controlPlane: config.controlPlane.publicUrl ?? `http://127.0.0.1:${port}`, gateway };
}

/** The browser origins of this service: the public URL; without one, both names of the loopback. */
export function ownOrigins(config: Config, port: number): string[] {
  const { publicUrl } = config.controlPlane;
  return publicUrl ? [publicUrl] : [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
}
