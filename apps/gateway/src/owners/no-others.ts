import { newId } from '#kernel';
import type { OwnerService } from './owners.js';

/** For a gateway that is alone: every other owner is gone. */
export const noOthers = (): OwnerService => ({
  selfId: newId(),
  forward: () => Promise.resolve(false),
  endStreams: () => undefined,
  stopServing: () => Promise.resolve(),
  close: () => Promise.resolve(),
});
