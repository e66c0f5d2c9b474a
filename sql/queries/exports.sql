-- Rows of a dataset, to be exported.

-- name: lines(export_id, relation, begin, end)
SELECT l.line
FROM waybill.export_lines(p_export => :export_id, p_relation => :relation, p_from => :begin,
    p_to => :end) AS l (line);
