"""Files of tables: CSV in its everyday forms, Parquet, Feather, JSON and Excel."""
