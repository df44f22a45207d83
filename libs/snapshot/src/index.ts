export { createSnapshotSource } from './create-snapshot-source.js';
export { byPlace, placeOf, type ListPlace } from './list-place.js';
export type { ChangeListener, SnapshotLog, SnapshotSource, SnapshotSourceOptions } from './snapshot-source.js';
export type {
  CatalogSnapshot,
  Endpoint,
  EndpointUpstream,
  ListedTexts,
  Principal,
  Target,
  TemplateTarget,
  UpstreamTarget,
} from './catalog-snapshot.js';
