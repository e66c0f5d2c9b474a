"""The landing bucket: keys, objects, upload tickets."""
