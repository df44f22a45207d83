import { Module } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { ResourcesResolver } from './resources.resolver.js';
import { UpstreamResourcesResolver } from './upstream-resources.resolver.js';

@Module({ imports: [UpstreamsModule], providers: [ResourcesResolver, UpstreamResourcesResolver] })
export class ResourcesModule {}
