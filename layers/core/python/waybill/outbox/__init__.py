"""Events about finished jobs: written in the job's commit, published afterwards."""
