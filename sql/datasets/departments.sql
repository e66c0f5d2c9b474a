-- Departments of the company.
CREATE TABLE departments (
    id integer PRIMARY KEY,
    department text NOT NULL
);
COMMENT ON TABLE departments IS 'Departments of the company.';
COMMENT ON COLUMN departments.id IS 'Number of the department.';
COMMENT ON COLUMN departments.department IS 'Name of the department.';

SELECT waybill.register_dataset(
    'departments',
    aliases => '{"id_department": "id", "department_id": "id", "name": "department"}'
);
