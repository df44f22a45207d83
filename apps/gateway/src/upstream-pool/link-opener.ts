import type { Era } from '#contracts';
import type { LinkOptions, UpstreamLink } from '#mcp';
import type { UpstreamTarget } from '#snapshot';

/** An era and the revision of it that an upstream speaks. */
export interface SpokenEra {
  readonly era: Era;
  readonly protocolVersion: string | null;
}

/** Makes conversations with upstreams; says nothing about who may share one. */
export interface LinkOpener {
  /** What an upstream speaks, or is said to by an administrator; a promise only where nobody has asked it yet. */
  eraOf(target: UpstreamTarget): SpokenEra | Promise<SpokenEra>;
  /** The link of an upstream that keeps nothing between requests (modern, over HTTP): one for everybody. */
  stateless(target: UpstreamTarget, spoken: SpokenEra): UpstreamLink;
  /**
   * What an upstream speaks with clients of one era: theirs, where it knows both (pass-through changes no word then) and
   * no administrator has set one.
   */
  eraFor(target: UpstreamTarget, clientEra: Era): SpokenEra | Promise<SpokenEra>;
  /**
   * Opens a session or starts a process. Errors are DomainErrors of the UPSTREAM_* family.
   * @param spoken default: what `eraOf` says; so too where an administrator has set the era
   */
  open(target: UpstreamTarget, options: LinkOptions, spoken?: SpokenEra): Promise<UpstreamLink>;
}
