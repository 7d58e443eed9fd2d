"""The work of a build on the workers of a dask cluster, here or on other machines."""
