"""The infrastructure: one app, one set of constructs for every environment.

Importing this package makes the library's settings importable and picks jsii's node, both of
which must be so before any module here is loaded.
"""

from infra.bootstrap import find_library, prefer_pinned_node

find_library()
prefer_pinned_node()
