"""What a study is kept in: a storage of Optuna, or one that needs no Optuna."""
