import { p } from '@mikro-orm/core';

/** When the row was written first and last. */
export const timestamped = {
  createdAt: p.datetime(3).onCreate(() => new Date()),
  updatedAt: p
    .datetime(3)
    .onCreate(() => new Date())
    .onUpdate(() => new Date()),
};
