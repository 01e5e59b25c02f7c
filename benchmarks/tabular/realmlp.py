"""RealMLP-TD of pytabkit on tables, with its defaults (Holzmüller et al., Better by Default, 2024), on one thread."""

from typing import Any

from benchmarks.tabular.task import Predict, Task, filled


def realmlp(task: Task) -> Predict:
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor
    from sklearn.impute import SimpleImputer

    # It takes no gaps in numbers.
    imputer = SimpleImputer(strategy="median").fit(task.x[task.numbers])

    def inputs(x: Any) -> Any:
        x = x.astype(dict.fromkeys(task.numbers, float))
        x[task.numbers] = imputer.transform(x[task.numbers])
        return filled(x, task.texts).astype(dict.fromkeys(task.texts, "category"))

    kind = RealMLP_TD_Classifier if task.classes else RealMLP_TD_Regressor
    fitted = kind(device="cpu", n_threads=1, random_state=task.seed)
    fitted.fit(inputs(task.x), task.y, cat_col_names=task.texts)
    return lambda x: fitted.predict(inputs(x))
