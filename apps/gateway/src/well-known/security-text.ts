import type { Gateway } from '../gateway.js';

const halfAYear = 182 * 86_400_000;

/** Where to report a weakness (RFC 9116); the same contact as the control plane's. */
export function securityText({ clock, config }: Gateway, publicUrl: string): string {
  const contact = config.controlPlane.securityContact ?? `mailto:security@${new URL(publicUrl).hostname}`;
  const expires = new Date(clock.now() + halfAYear).toISOString();
  return `Contact: ${contact}\nExpires: ${expires}\nCanonical: ${publicUrl}/.well-known/security.txt\n`;
}
