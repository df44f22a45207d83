import { expect, it } from 'vitest';
import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { LinkEntry } from '../upstream-pool/link-entry.js';
import type { LinkOwner } from '../upstream-pool/upstream-links.js';
import { hearLists } from './hear-lists.js';

const nothing = () => undefined;
const upstream = { id: 'u', slug: 'up', era: 'LEGACY' } as UpstreamTarget;

it('[LSN-5] a link that is lost while its hearer stops is given back once', async () => {
  const entry = new LinkEntry('k', upstream, nothing, nothing);
  entry.link = { closed: false, listen: nothing } as unknown as LinkEntry['link'];
  const links = {
    lease: () => {
      entry.inFlight++;
      return Promise.resolve(entry);
    },
  };
  const snapshots = { current: () => ({ upstreamTarget: () => upstream }) };
  const gateway = { links, snapshots, logger: { debug: nothing } } as unknown as Gateway;
  let stop: () => void = nothing;
  // Whoever heard of the loss first had another reason to hear the lists.
  entry.onLost(() => stop());
  stop = hearLists(gateway, upstream, () => ({ key: 'k' }) as LinkOwner, nothing);
  await expect.poll(() => entry.inFlight).toBe(1);
  entry.forget();
  expect(entry.inFlight).toBe(0);
  stop();
  entry.forget();
  expect(entry.inFlight).toBe(0);
});
