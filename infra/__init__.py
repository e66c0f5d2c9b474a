"""The infrastructure: one CDK app and one set of constructs for every environment.

Importing this package makes `waybill` and `functions` importable and selects the Node.js for
jsii. Both must happen before any of its modules is loaded.
"""

from infra.bootstrap import find_library, prefer_pinned_node

find_library()
prefer_pinned_node()
