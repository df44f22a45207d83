import { Module } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { ResourceTemplatesResolver } from './resource-templates.resolver.js';
import { UpstreamResourceTemplatesResolver } from './upstream-resource-templates.resolver.js';

@Module({ imports: [UpstreamsModule], providers: [ResourceTemplatesResolver, UpstreamResourceTemplatesResolver] })
export class ResourceTemplatesModule {}
