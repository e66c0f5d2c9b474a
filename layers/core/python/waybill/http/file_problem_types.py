"""The problem types of files: why a job could not load one."""

from waybill.http.problem_type import ProblemType

FILES = {
    "too-many-rejects-in-file": ProblemType(
        "Too many rejects in the file", "The reject limit was exceeded; nothing was loaded."
    ),
    "ambiguous-delimiter": ProblemType(
        "Ambiguous delimiter", "Several delimiters fit the file; declare one."
    ),
    "bad-delimiter": ProblemType("Bad delimiter", "The given delimiter is not supported."),
    "bad-encoding": ProblemType("Bad encoding", "The given encoding is not supported."),
    "broken-json": ProblemType("Broken JSON", "The JSON is not complete, or not made of objects."),
    "checksum-mismatch": ProblemType(
        "Checksum mismatch", "The SHA-256 of the file is not the given one."
    ),
    "contract-broken": ProblemType(
        "Contract broken", "The table does not match the registered dataset."
    ),
    "chunks-not-tiling": ProblemType(
        "Chunks do not cover the object", "Nothing was loaded; upload the file again."
    ),
    "corrupt-file": ProblemType("Corrupt file", "The file is truncated or damaged."),
    "empty-archive": ProblemType("Empty archive", "The archive has no files to load."),
    "encrypted-archive": ProblemType("Encrypted archive", "The archive needs a password."),
    "duplicate-members": ProblemType(
        "Duplicate members", "The archive has several members of one name."
    ),
    "key-too-long": ProblemType(
        "Key too long", "The key of an archive leaves no room for those of its members."
    ),
    "members-failed": ProblemType(
        "Members failed", "Members of the archive failed; the others were loaded."
    ),
    "nested-archive": ProblemType("Nested archive", "The member is an archive itself."),
    "too-many-members": ProblemType("Too many members", "The archive has too many files."),
    "data-refused": ProblemType("Data refused", "The database refused the data."),
    "decompression-limit": ProblemType(
        "Decompression limit", "The file unpacks to more than the limit, or takes too much memory."
    ),
    "disk-full": ProblemType(
        "Disk full", "The function's temporary storage is full; send the file in parts."
    ),
    "duplicate-columns": ProblemType("Duplicate columns", "The header repeats a column."),
    "empty-file": ProblemType("Empty file", "The file has no records."),
    "misplaced-object": ProblemType("Misplaced object", "The key is not below landing/{dataset}/."),
    "header-changes": ProblemType(
        "Header changes", "A header within the file has the columns in another order."
    ),
    "missing-columns": ProblemType("Missing columns", "The header lacks required columns."),
    "missing-header": ProblemType("Missing header", "Files of this dataset need a header."),
    "object-changed": ProblemType(
        "Object changed", "The object was overwritten while it was being loaded."
    ),
    "later-file-erased": ProblemType(
        "Later file erased",
        "A file that landed later expired after an erasure, so that the two cannot be compared;"
        " upload the file again.",
    ),
    "object-missing": ProblemType("Object gone", "The object was deleted before it was loaded."),
    "plan-superseded": ProblemType(
        "Plan superseded", "A later attempt has taken over the plan of the object."
    ),
    "undeclared-encoding": ProblemType(
        "Undeclared encoding", "The file is not UTF-8; declare its encoding."
    ),
    "unsupported-file": ProblemType(
        "Unsupported file", "The file is of a kind that cannot be loaded, such as a PDF."
    ),
    "whole-file-needed": ProblemType(
        "Whole file needed", "The file has no beginning that can be read alone; POST /samples it."
    ),
    "unknown-columns": ProblemType("Unknown columns", "The header has unknown columns."),
}
