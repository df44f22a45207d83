import type { Gateway } from '../gateway.js';
import type { UpstreamTarget } from '#snapshot';
import type { ListHearer } from '../upstream-pool/link-entry.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { currentTarget } from './current-target.js';

const retryMs = 1000;

/**
 * Hears what a legacy upstream says by itself about its lists, over the owner's own conversation with it, for as long as
 * somebody wants to know. @returns a function that ends it
 */
export function hearLists(
  gateway: Gateway,
  registered: UpstreamTarget,
  owner: (upstream: UpstreamTarget) => LinkOwner,
  hearer: ListHearer,
): () => void {
  const { links, logger } = gateway;
  let stop: () => void = () => undefined;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const again = () => {
    stop = () => undefined;
    if (isOver) return;
    timer = setTimeout(() => void begin(), retryMs);
    timer.unref();
  };
  const begin = async (): Promise<void> => {
    const upstream = currentTarget(gateway, registered);
    // Says nothing by itself, as long as an administrator will have it so.
    if (upstream.era === 'MODERN') return again();
    try {
      const entry = await links.lease(owner(upstream), upstream);
      const deafen = entry.hear(hearer);
      let isLeft = false;
      const leave = (): boolean => {
        if (isLeft) return false;
        isLeft = true;
        forget();
        deafen();
        entry.release();
        return true;
      };
      const forget = entry.onLost(() => {
        if (leave()) again();
      });
      stop = () => void leave();
      entry.open.listen();
      if (isOver) stop();
    } catch (error) {
      logger.debug({ err: error, upstream: upstream.slug }, 'an upstream cannot be listened to');
      again();
    }
  };
  void begin();
  return () => {
    isOver = true;
    clearTimeout(timer);
    stop();
    stop = () => undefined;
  };
}
