import type { UpstreamTarget } from '#snapshot';
import type { Gateway } from '../gateway.js';

/** How an upstream is reached now, for what outlives changes of the configuration; as before where it is gone. */
export const currentTarget = ({ snapshots }: Gateway, upstream: UpstreamTarget): UpstreamTarget =>
  snapshots.current().upstreamTarget(upstream.organizationId, upstream.id) ?? upstream;
