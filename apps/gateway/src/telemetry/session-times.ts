import type { UpstreamLink } from '#mcp';
import type { Telemetry } from '#observability';
import type { ClientSession } from '../sessions/client-session.js';
import type { LinkOpener } from '../upstream-pool/link-opener.js';

const secondsSince = (began: number): number => (performance.now() - began) / 1000;

/** Measures how long a session with a client lasts from now on. */
export function timeSession(telemetry: Telemetry, session: ClientSession): void {
  const began = performance.now();
  session.onClose(() =>
    telemetry.sessionEnded('server', secondsSince(began), {
      'mcp.protocol.version': session.protocolVersion,
      'network.transport': 'tcp',
    }),
  );
}

/** The same opener, whose sessions and processes are timed from their opening to their end. */
export const timedOpener = (telemetry: Telemetry, opener: LinkOpener): LinkOpener => ({
  eraOf: (target) => opener.eraOf(target),
  eraFor: (target, clientEra) => opener.eraFor(target, clientEra),
  stateless: (target, spoken) => opener.stateless(target, spoken),
  open: async (target, options, spoken) => {
    const began = performance.now();
    let told = false;
    let link: UpstreamLink | null = null;
    const ended = (): void => {
      if (told || link === null) return;
      told = true;
      telemetry.sessionEnded('client', secondsSince(began), {
        'mcp.protocol.version': link.identity.protocolVersion,
        'network.transport': target.transport === 'STDIO' ? 'pipe' : 'tcp',
        'gatehouse.upstream': target.slug,
      });
    };
    const onClosed = (): void => {
      ended();
      options.onClosed?.();
    };
    link = await opener.open(target, { ...options, onClosed }, spoken);
    const close = link.close.bind(link);
    link.close = () => {
      ended();
      return close();
    };
    return link;
  },
});
