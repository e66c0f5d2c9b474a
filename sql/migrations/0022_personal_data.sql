-- Personal columns are masked for callers without the right to them. These routines get a
-- parameter for it; dropped, since the same name with other parameters is another routine.

DROP FUNCTION IF EXISTS waybill.look_up, waybill.explain_lookup, waybill.find_rows,
    waybill.list_documents, waybill.list_pending;
